"""A folder of lessons, each in a folder `NN-name` of its own."""

from pathlib import Path

FOLDER = Path(__file__).parent
