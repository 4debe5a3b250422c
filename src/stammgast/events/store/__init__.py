"""All SQL of events against state: `quarantine` lies in customers (the worker writes it), `schemas` in control."""
