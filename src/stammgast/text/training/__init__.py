"""How the packaged heads are made: needs scikit-learn and the training texts, never imported by `analyse`."""
