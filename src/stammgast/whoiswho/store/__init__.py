"""All SQL of these pages against the customers database: the graph in numbers, its log, what is known of people."""
