"""Ports: what a lower module needs of higher ones, declared here and filled by manifests. One port a file."""
