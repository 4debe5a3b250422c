"""Likely the same person: probabilistic matching of profiles, reviewed by people (extra `stammgast[matching]`)."""
