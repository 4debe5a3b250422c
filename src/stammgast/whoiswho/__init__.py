"""What people see and do about who is who: why a customer is one person, splitting, merging, duplicates, rules."""
