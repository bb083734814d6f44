"""Floor 5: recordings as moments, captions and pictures, without Qt."""
