"""Who is who, and what they lived through: identity, unified profiles, features, timeline, and the worker that makes them."""
