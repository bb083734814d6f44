"""Floor 1: networks as values, run as recordings, compiled for speed. NumPy only."""
