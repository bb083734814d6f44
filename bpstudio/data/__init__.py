"""Floor 2: data sets, made, drawn or read from a table."""
