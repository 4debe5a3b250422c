"""A demo company: a small shop that carries the tracker, and months of made-up customers on every channel."""
