"""All SQL of what leaves the house: targets and people's wishes in control, deliveries in customers."""
