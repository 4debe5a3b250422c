"""The organisation: company, brands, people and their roles, sources and their keys, API tokens, the audit log."""
