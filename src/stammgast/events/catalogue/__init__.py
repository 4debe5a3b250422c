"""The catalogue: which events and properties there are, how often, from where, and what people say of them."""
