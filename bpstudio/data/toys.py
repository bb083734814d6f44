"""Small data sets to learn on, drawn from a seed, and a few real ones.

A set is one function, here, in `curves` or in `real`, and its line in `TOYS`. Coordinates of the
drawn ones lie about between −1 and 1. The points and their noise come from two Philox streams of
the same seed, so that more noise moves the same points further instead of drawing others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.data import curves, real
from bpstudio.data.dataset import Array, Dataset
from bpstudio.data.split import held_out_rows
from bpstudio.errors import StudioError
from bpstudio.language import N_

MOST_POINTS = 100_000

Points = tuple[Array, Array]
"""Features (points, features), and the class of each point or its values (points, 1)."""


@dataclass(frozen=True)
class Toy:
    """One toy set: how it is drawn, and what may be set.

    `draw(rng, points, **extra)` gives the points without noise, which is then added to the
    features of a classification and to the answers of a regression. `points` is 0 for the truth
    tables, which are always the same four, without noise and split; of a `fixed` set only the
    number of points can't be set. `extra` are further settings and their defaults: texts, or whole
    numbers, which may lie in `ranges`; `count` names the one that says how many classes there are.
    """

    draw: Callable[..., Points]
    classes: tuple[str, ...] = ()
    points: int = 300
    noise: float = 0.0
    extra: Mapping[str, int | str] = field(default_factory=dict)
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    count: str = ""
    feature_names: tuple[str, ...] = ()
    fixed: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of what may be set beside the seed."""
        common = ("points", "noise", "held_out") if self.points else ()
        return (*common[self.fixed :], *self.extra)


def make(
    name: str,
    *,
    points: int | None = None,
    noise: float | None = None,
    seed: int = 1,
    held_out: float | None = None,
    **extra: int | str,
) -> Dataset:
    """The toy set of that name; its `recipe` makes it again: `make(**data.recipe)`.

    `noise` is the standard deviation of what is added, `held_out` the share of the points kept
    for testing. Raises StudioError for a name that is not in `TOYS` and for a setting out of range
    or unknown to that set.
    """
    name = ALIASES.get(name, name)
    if name not in TOYS:
        raise StudioError(
            N_("There is no data set called {name}. There are: {names}."),
            name=name,
            names=", ".join(TOYS),
        )
    toy = TOYS[name]
    given = {"points": points, "noise": noise, "held_out": held_out, **extra}
    recipe = _recipe(name, toy, {key: value for key, value in given.items() if value is not None})
    _check_range(name, "seed", seed, 0, 2**32 - 1)
    own = {key: recipe[key] for key in toy.extra}
    features, answers = toy.draw(_stream(seed, 0), recipe.get("points", 0), **own)
    classes = tuple(f"{i}" for i in range(int(own[toy.count]))) if toy.count else toy.classes
    if recipe.get("noise"):
        noise_drawn = _stream(seed, 1)
        if classes:
            features = features + recipe["noise"] * noise_drawn.standard_normal(features.shape)
        else:
            answers = answers + recipe["noise"] * noise_drawn.standard_normal(answers.shape)
    share = recipe.get("held_out", 0.0)
    groups = answers if classes else None
    return Dataset(
        name=name,
        features=features,
        answers=answers,
        classes=classes,
        feature_names=toy.feature_names,
        held_out=held_out_rows(len(features), share, seed, groups),
        recipe={"name": name, "seed": seed, **recipe},
    )


def _recipe(name: str, toy: Toy, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with what was left out filled in; raises StudioError for a wrong one."""
    for key, value in given.items():
        if key not in toy.settings:
            raise StudioError(
                N_("The data set {name} has no setting {setting}. It has: {settings}."),
                name=name,
                setting=key,
                settings=", ".join(("seed", *toy.settings)),
            )
        if isinstance(toy.extra.get(key), str):
            _check_text(name, key, value)
        else:
            _check_range(name, key, value, *{**_RANGES, **toy.ranges}[key])
    usual = {"points": toy.points, "noise": toy.noise, "held_out": 0.2, **toy.extra}
    return {key: given.get(key, usual[key]) for key in toy.settings}


def _check_range(name: str, key: str, value: Any, low: float, high: float) -> None:
    whole = key not in ("noise", "held_out")
    number = isinstance(value, int) if whole else isinstance(value, int | float)
    if not number or isinstance(value, bool) or not low <= value <= high:
        raise StudioError(
            N_("{name}: {setting} can't be {value}. It is a number from {low} to {high}."),
            name=name,
            setting=key,
            value=value,
            low=low,
            high=high,
        )


def _check_text(name: str, key: str, value: Any) -> None:
    if not isinstance(value, str):
        raise StudioError(
            N_("{name}: {setting} can't be {value}. It is a text."),
            name=name,
            setting=key,
            value=value,
        )


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, number])))


def _truth_table(outputs: str) -> Callable[..., Points]:
    """The four points of a gate of two inputs; `outputs` for 00, 01, 10 and 11."""

    def draw(rng: np.random.Generator, points: int) -> Points:
        return _CORNERS.copy(), np.array([int(bit) for bit in outputs])

    return draw


def _clouds(outputs: str) -> Callable[..., Points]:
    """As `_truth_table`, with a cloud of points around each corner; the corners take turns."""

    def draw(rng: np.random.Generator, points: int) -> Points:
        """Four clouds around the points of a truth table; the noise is how wide they are."""
        corner = np.arange(points) % 4
        return _CORNERS[corner], np.array([int(bit) for bit in outputs])[corner]

    return draw


def _turns(rng: np.random.Generator, points: int, classes: int) -> tuple[Array, Array]:
    """Where along its curve each point lies, from 0 to 1, and its class; classes take turns."""
    return rng.random(points), np.arange(points) % classes


def _circles(rng: np.random.Generator, points: int) -> Points:
    """A disc inside a ring."""
    along, inside = _turns(rng, points, 2)
    radius = np.where(inside, 0.5 * np.sqrt(rng.random(points)), 0.75 + 0.25 * rng.random(points))
    angle = 2 * np.pi * along
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), inside


def _moons(rng: np.random.Generator, points: int) -> Points:
    """Two half circles that reach into each other."""
    along, lower = _turns(rng, points, 2)
    angle = np.pi * along
    x = np.where(lower, 1 - np.cos(angle), np.cos(angle)) - 0.5
    y = np.where(lower, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    return np.stack([x, y], axis=1) / 1.5, lower


def _spiral(rng: np.random.Generator, points: int, arms: int) -> Points:
    """Arms that wind around each other, one and a quarter turns each; each arm is a class."""
    along, arm = _turns(rng, points, arms)
    angle = 2 * np.pi * (1.25 * along + arm / arms)
    radius = 0.08 + 0.92 * along
    return radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1), arm


def _blobs(rng: np.random.Generator, points: int, groups: int) -> Points:
    """Round clouds around centres on a circle; the noise is how wide they are."""
    _, group = _turns(rng, points, groups)
    angle = 2 * np.pi * group / groups + np.pi / 4
    return 0.6 * np.stack([np.cos(angle), np.sin(angle)], axis=1), group


def _checkerboard(rng: np.random.Generator, points: int, cells: int) -> Points:
    """A board of `cells` times `cells` squares; the colour is the class."""
    features = rng.uniform(-1, 1, (points, 2))
    square = np.floor((features + 1) * cells / 2).astype(int).clip(0, cells - 1)
    return features, square.sum(axis=1) % 2


def _quadrants(rng: np.random.Generator, points: int) -> Points:
    """The exclusive or as four clouds: the class is 1 where x1 and x2 differ in sign."""
    size = rng.uniform(0.1, 1, (points, 2))
    features = size * rng.choice([-1.0, 1.0], (points, 2))
    return features, (features[:, 0] * features[:, 1] < 0).astype(int)


_RANGES = {"points": (4, MOST_POINTS), "noise": (0.0, 10.0), "held_out": (0.0, 0.9)}
_CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
_BITS = ("0", "1")
_SIDES = ("outside", "inside")

TOYS: Mapping[str, Toy] = {
    "xor": Toy(_truth_table("0110"), _BITS, points=0),
    "and": Toy(_truth_table("0001"), _BITS, points=0),
    "or": Toy(_truth_table("0111"), _BITS, points=0),
    "nand": Toy(_truth_table("1110"), _BITS, points=0),
    "nor": Toy(_truth_table("1000"), _BITS, points=0),
    "xnor": Toy(_truth_table("1001"), _BITS, points=0),
    "circles": Toy(_circles, _SIDES, noise=0.05),
    "moons": Toy(_moons, ("upper", "lower"), noise=0.08),
    "spiral": Toy(_spiral, noise=0.02, extra={"arms": 2}, ranges={"arms": (2, 10)}, count="arms"),
    "blobs": Toy(
        _blobs, noise=0.2, extra={"groups": 2}, ranges={"groups": (2, 10)}, count="groups"
    ),
    "checkerboard": Toy(
        _checkerboard, _BITS, points=600, extra={"cells": 4}, ranges={"cells": (2, 8)}
    ),
    "quadrants": Toy(_quadrants, _BITS, noise=0.05),
    "and_clouds": Toy(_clouds("0001"), _BITS, points=200, noise=0.15),
    "or_clouds": Toy(_clouds("0111"), _BITS, points=200, noise=0.15),
    "nand_clouds": Toy(_clouds("1110"), _BITS, points=200, noise=0.15),
    "xor_clouds": Toy(_clouds("0110"), _BITS, points=200, noise=0.15),
    "above": Toy(
        curves.above,
        ("below", "above"),
        extra={"formula": "sin(x)", "reach": 3},
        ranges={"reach": (1, 100)},
        feature_names=("x", "y"),
    ),
    "linear": Toy(curves.line, points=100, noise=0.1, feature_names=("x",)),
    "sine": Toy(curves.sine, points=100, noise=0.1, feature_names=("x",)),
    "parabola": Toy(curves.parabola, points=100, noise=0.05, feature_names=("x",)),
    "cubic": Toy(curves.cubic, points=100, noise=0.05, feature_names=("x",)),
    "stairs": Toy(curves.stairs, points=100, noise=0.05, feature_names=("x",)),
    "ripple": Toy(curves.ripple, points=150, noise=0.05, feature_names=("x",)),
    "curve": Toy(
        curves.curve,
        points=100,
        noise=0.05,
        extra={"formula": "sin(x) + x/2", "reach": 3},
        ranges={"reach": (1, 100)},
        feature_names=("x",),
    ),
    "plane": Toy(curves.plane, noise=0.05),
    "hills": Toy(curves.hills, points=600, noise=0.05),
    "iris": Toy(real.iris, real.IRIS, points=150, feature_names=real.IRIS_NAMES, fixed=True),
    "digits": Toy(
        real.digits, real.DIGITS, points=1797, feature_names=real.DIGITS_NAMES, fixed=True
    ),
}
"""Every set that comes with the program by its name in files and on the command line."""

ALIASES: Mapping[str, str] = {
    "gaussians": "blobs",
    "gauss": "blobs",
    "circle": "circles",
    "spirals": "spiral",
}
"""Other names by which people look for a toy set."""
