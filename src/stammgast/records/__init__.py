"""What is known of a customer or an account as people keep it: traits in words, corrections, identifiers, whole records."""
