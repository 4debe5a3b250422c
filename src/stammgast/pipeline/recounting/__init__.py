"""Counting figures anew between the batches: `stage` goes through parts, `window` folds one, `writing` keeps what it came to."""
