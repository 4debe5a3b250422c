"""Accounts: companies, households and whatever else people belong to, built from group calls."""
