"""Points of several classes on a plane: the sets for a classification."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bpstudio.data.dataset import Array

Points = tuple[Array, Array]
"""Features (points, features), and the class of each point."""

_CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def truth_table(outputs: str) -> Callable[..., Points]:
    """The four points of a gate of two inputs; `outputs` for 00, 01, 10 and 11."""

    def draw(rng: np.random.Generator, points: int) -> Points:
        return _CORNERS.copy(), np.array([int(bit) for bit in outputs])

    return draw


def clouds(outputs: str) -> Callable[..., Points]:
    """As `truth_table`, with a cloud of points around each corner; the corners take turns."""

    def draw(rng: np.random.Generator, points: int) -> Points:
        """Four clouds around the points of a truth table; the noise is how wide they are."""
        corner = np.arange(points) % 4
        return _CORNERS[corner], np.array([int(bit) for bit in outputs])[corner]

    return draw


def _turns(rng: np.random.Generator, points: int, classes: int) -> tuple[Array, Array]:
    """Where along its curve each point lies, from 0 to 1, and its class; classes take turns."""
    return rng.random(points), np.arange(points) % classes


def circles(rng: np.random.Generator, points: int) -> Points:
    """A disc inside a ring."""
    along, inside = _turns(rng, points, 2)
    radius = np.where(inside, 0.5 * np.sqrt(rng.random(points)), 0.75 + 0.25 * rng.random(points))
    angle = 2 * np.pi * along
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), inside


def moons(rng: np.random.Generator, points: int) -> Points:
    """Two half circles that reach into each other."""
    along, lower = _turns(rng, points, 2)
    angle = np.pi * along
    x = np.where(lower, 1 - np.cos(angle), np.cos(angle)) - 0.5
    y = np.where(lower, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    return np.stack([x, y], axis=1) / 1.5, lower


def spiral(rng: np.random.Generator, points: int, arms: int) -> Points:
    """Arms that wind around each other, one and a quarter turns each; each arm is a class."""
    along, arm = _turns(rng, points, arms)
    angle = 2 * np.pi * (1.25 * along + arm / arms)
    radius = 0.08 + 0.92 * along
    return radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1), arm


def blobs(rng: np.random.Generator, points: int, groups: int) -> Points:
    """Round clouds around centres on a circle; the noise is how wide they are."""
    _, group = _turns(rng, points, groups)
    angle = 2 * np.pi * group / groups + np.pi / 4
    return 0.6 * np.stack([np.cos(angle), np.sin(angle)], axis=1), group


def checkerboard(rng: np.random.Generator, points: int, cells: int) -> Points:
    """A board of `cells` times `cells` squares; the colour is the class."""
    features = rng.uniform(-1, 1, (points, 2))
    square = np.floor((features + 1) * cells / 2).astype(int).clip(0, cells - 1)
    return features, square.sum(axis=1) % 2


def quadrants(rng: np.random.Generator, points: int) -> Points:
    """The exclusive or as four clouds: the class is 1 where x1 and x2 differ in sign."""
    size = rng.uniform(0.1, 1, (points, 2))
    features = size * rng.choice([-1.0, 1.0], (points, 2))
    return features, (features[:, 0] * features[:, 1] < 0).astype(int)
