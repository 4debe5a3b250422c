"""The rules of identity in force: ordering others, resolving everything under them, what that changes."""
