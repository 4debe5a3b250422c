"""Counting figures anew from history: which ones, how far it is, what may be shown meanwhile, and events as folds saw them."""
