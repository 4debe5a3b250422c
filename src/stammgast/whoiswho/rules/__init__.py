"""The rules of identity over time: versions, trying them on everything that is known, applying them, taking them back."""
