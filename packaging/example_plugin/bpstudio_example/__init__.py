"""What this package adds to Backprop Studio; `pyproject.toml` names each thing."""
