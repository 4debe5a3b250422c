"""Import of files: a map says what a file's columns mean, the engine makes events of its lines."""
