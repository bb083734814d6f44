"""Small data sets to learn on, drawn from a seed, and a few real ones.

A set is one function, in `groups`, `curves`, `real` or here, and its line in `TOYS`. Coordinates of
the drawn ones lie about between −1 and 1. The points and their noise come from two Philox streams
of the same seed, so that more noise moves the same points further instead of drawing others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.data import curves, drawn, groups, real
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
    `title` is what people call it, and by `aliases` they find it too.
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
    title: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of what may be set beside the seed."""
        common = ("points", "noise", "held_out") if self.points else ()
        return (*common[self.fixed :], *self.extra)


def title_of(name: str) -> str:
    """What people call a set, to be translated; a set that is not known by its name."""
    toy = TOYS.get(name)
    if toy is None:
        return N_("Drawn points") if name == drawn.NAME else name
    return toy.title or name


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


_RANGES = {"points": (4, MOST_POINTS), "noise": (0.0, 10.0), "held_out": (0.0, 0.9)}
_BITS = ("0", "1")
_SIDES = ("outside", "inside")

_TABLE = ("truth table", "logic", "진리표", "논리", "데이터")
_GROUPS = ("classification", "classes", "분류", "데이터")
_VALUES = ("regression", "curve", "회귀", "데이터")

TOYS: dict[str, Toy] = {
    "xor": Toy(
        groups.truth_table("0110"),
        _BITS,
        points=0,
        title=N_("XOR"),
        aliases=("exclusive or", "배타적 논리합", *_TABLE),
    ),
    "and": Toy(
        groups.truth_table("0001"), _BITS, points=0, title=N_("AND"), aliases=("논리곱", *_TABLE)
    ),
    "or": Toy(
        groups.truth_table("0111"), _BITS, points=0, title=N_("OR"), aliases=("논리합", *_TABLE)
    ),
    "nand": Toy(groups.truth_table("1110"), _BITS, points=0, title=N_("NAND"), aliases=_TABLE),
    "nor": Toy(groups.truth_table("1000"), _BITS, points=0, title=N_("NOR"), aliases=_TABLE),
    "xnor": Toy(groups.truth_table("1001"), _BITS, points=0, title=N_("XNOR"), aliases=_TABLE),
    "circles": Toy(
        groups.circles,
        _SIDES,
        noise=0.05,
        title=N_("Circles"),
        aliases=("ring", "원", "동심원", *_GROUPS),
    ),
    "moons": Toy(
        groups.moons,
        ("upper", "lower"),
        noise=0.08,
        title=N_("Moons"),
        aliases=("half circles", "반달", *_GROUPS),
    ),
    "spiral": Toy(
        groups.spiral,
        noise=0.02,
        extra={"arms": 2},
        ranges={"arms": (2, 10)},
        count="arms",
        title=N_("Spiral"),
        aliases=("arms", "나선", *_GROUPS),
    ),
    "blobs": Toy(
        groups.blobs,
        noise=0.2,
        extra={"groups": 2},
        ranges={"groups": (2, 10)},
        count="groups",
        title=N_("Blobs"),
        aliases=("clouds", "gaussians", "구름", "가우스", *_GROUPS),
    ),
    "checkerboard": Toy(
        groups.checkerboard,
        _BITS,
        points=600,
        extra={"cells": 4},
        ranges={"cells": (2, 8)},
        title=N_("Checkerboard"),
        aliases=("chess", "체커보드", "바둑판", *_GROUPS),
    ),
    "quadrants": Toy(
        groups.quadrants, _BITS, noise=0.05, title=N_("Quadrants"), aliases=("사분면", *_GROUPS)
    ),
    "and_clouds": Toy(
        groups.clouds("0001"),
        _BITS,
        points=200,
        noise=0.15,
        title=N_("AND clouds"),
        aliases=("논리곱", "구름", *_GROUPS),
    ),
    "or_clouds": Toy(
        groups.clouds("0111"),
        _BITS,
        points=200,
        noise=0.15,
        title=N_("OR clouds"),
        aliases=("논리합", "구름", *_GROUPS),
    ),
    "nand_clouds": Toy(
        groups.clouds("1110"),
        _BITS,
        points=200,
        noise=0.15,
        title=N_("NAND clouds"),
        aliases=("구름", *_GROUPS),
    ),
    "xor_clouds": Toy(
        groups.clouds("0110"),
        _BITS,
        points=200,
        noise=0.15,
        title=N_("XOR clouds"),
        aliases=("배타적 논리합", "구름", *_GROUPS),
    ),
    "above": Toy(
        curves.above,
        ("below", "above"),
        extra={"formula": "sin(x)", "reach": 3},
        ranges={"reach": (1, 100)},
        feature_names=("x", "y"),
        title=N_("y > f(x)"),
        aliases=("function", "formula", "함수", "부등식", *_GROUPS),
    ),
    "linear": Toy(
        curves.line,
        points=100,
        noise=0.1,
        feature_names=("x",),
        title=N_("Line"),
        aliases=("linear", "직선", "선형", *_VALUES),
    ),
    "sine": Toy(
        curves.sine,
        points=100,
        noise=0.1,
        feature_names=("x",),
        title=N_("Sine"),
        aliases=("wave", "사인", *_VALUES),
    ),
    "parabola": Toy(
        curves.parabola,
        points=100,
        noise=0.05,
        feature_names=("x",),
        title=N_("Parabola"),
        aliases=("포물선", "이차", *_VALUES),
    ),
    "cubic": Toy(
        curves.cubic,
        points=100,
        noise=0.05,
        feature_names=("x",),
        title=N_("Cubic curve"),
        aliases=("삼차", *_VALUES),
    ),
    "stairs": Toy(
        curves.stairs,
        points=100,
        noise=0.05,
        feature_names=("x",),
        title=N_("Stairs"),
        aliases=("steps", "계단", *_VALUES),
    ),
    "ripple": Toy(
        curves.ripple,
        points=150,
        noise=0.05,
        feature_names=("x",),
        title=N_("Ripple"),
        aliases=("wave", "물결", *_VALUES),
    ),
    "curve": Toy(
        curves.curve,
        points=100,
        noise=0.05,
        extra={"formula": "sin(x) + x/2", "reach": 3},
        ranges={"reach": (1, 100)},
        feature_names=("x",),
        title=N_("y = f(x)"),
        aliases=("function", "formula", "함수", *_VALUES),
    ),
    "plane": Toy(curves.plane, noise=0.05, title=N_("Plane"), aliases=("평면", *_VALUES)),
    "hills": Toy(
        curves.hills, points=600, noise=0.05, title=N_("Hills"), aliases=("언덕", *_VALUES)
    ),
    "iris": Toy(
        real.iris,
        real.IRIS,
        points=150,
        feature_names=real.IRIS_NAMES,
        fixed=True,
        title=N_("Iris flowers"),
        aliases=("flowers", "붓꽃", "실제 데이터", *_GROUPS),
    ),
    "digits": Toy(
        real.digits,
        real.DIGITS,
        points=1797,
        feature_names=real.DIGITS_NAMES,
        fixed=True,
        title=N_("Handwritten digits"),
        aliases=("mnist", "pictures", "숫자", "손글씨", "실제 데이터", *_GROUPS),
    ),
}
"""Every set by its name in files and on the command line; those of plugins come to ours."""

ALIASES: Mapping[str, str] = {
    "gaussians": "blobs",
    "gauss": "blobs",
    "circle": "circles",
    "spirals": "spiral",
}
"""Other names by which people look for a toy set."""
