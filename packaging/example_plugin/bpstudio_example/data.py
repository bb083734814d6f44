"""A data set: circles around each other, each a class of its own."""

from __future__ import annotations

import numpy as np

from bpstudio.data.dataset import Array
from bpstudio.data.toys import Toy


def rings(rng: np.random.Generator, points: int, rings: int) -> tuple[Array, Array]:
    """Circles around one middle; each is a class."""
    ring = np.arange(points) % rings
    angle = 2 * np.pi * rng.random(points)
    radius = (ring + 1) / rings
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), ring


RINGS = Toy(rings, noise=0.04, extra={"rings": 3}, ranges={"rings": (2, 6)}, count="rings")
