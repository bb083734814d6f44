"""The same network compiled for training speed."""
