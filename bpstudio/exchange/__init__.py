"""Floor 6: models and pictures for other programs, and back."""
