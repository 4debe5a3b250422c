"""How the installation itself is doing: health, readiness, metrics, status, doctor."""
