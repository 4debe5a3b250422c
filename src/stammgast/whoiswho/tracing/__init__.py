"""Why identifiers are one person: what joined them, what was kept apart, what people decided, what a decision would do."""
