"""Floor 8: the window. The only floor that knows Qt."""
