"""Who is who: the law, its stores and its rules. Knows no names and no figures."""
