"""All SQL of identity against the customers database. `tables` names them, the other files read and write them."""
