"""Who is who, as law: rules, evidence, canonical resolution and its incremental side. Pure; stores are handed in."""
