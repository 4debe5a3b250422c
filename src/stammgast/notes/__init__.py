"""What people here write about customers and accounts: notes and tags."""
