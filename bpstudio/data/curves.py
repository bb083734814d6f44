"""Values over one or two inputs, and what a typed function says: the sets for a regression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bpstudio.data.dataset import Array
from bpstudio.engine.expression import Binary, Call, Expression, evaluate, fold, names, parse
from bpstudio.engine.functions import CONSTANTS, OF_ARRAYS
from bpstudio.errors import StudioError
from bpstudio.language import N_

LONGEST_FORMULA = 200

Points = tuple[Array, Array]
"""Features (points, features), and the class of each point or its values (points, 1)."""


def line(rng: np.random.Generator, points: int) -> Points:
    """y = 0.7·x − 0.1."""
    x = rng.uniform(-1, 1, (points, 1))
    return x, 0.7 * x - 0.1


def sine(rng: np.random.Generator, points: int) -> Points:
    """y = sin(π·x)."""
    x = rng.uniform(-1, 1, (points, 1))
    return x, np.sin(np.pi * x)


def parabola(rng: np.random.Generator, points: int) -> Points:
    """y = x²."""
    x = rng.uniform(-1, 1, (points, 1))
    return x, x**2


def cubic(rng: np.random.Generator, points: int) -> Points:
    """y = 4·x³ − 3·x: it goes up, down and up again."""
    x = rng.uniform(-1, 1, (points, 1))
    return x, 4 * x**3 - 3 * x


def stairs(rng: np.random.Generator, points: int) -> Points:
    """Four steps from −1 up to 1, which no smooth curve follows exactly."""
    x = rng.uniform(-1, 1, (points, 1))
    return x, (np.floor((x + 1) * 2).clip(0, 3) - 1.5) / 1.5


def ripple(rng: np.random.Generator, points: int) -> Points:
    """A wave that dies away: y = exp(−x²·4)·cos(3·π·x)."""
    x = rng.uniform(-1, 1, (points, 1))
    return x, np.exp(-4 * x**2) * np.cos(3 * np.pi * x)


def plane(rng: np.random.Generator, points: int) -> Points:
    """y = (x1 + x2) / 2."""
    x = rng.uniform(-1, 1, (points, 2))
    return x, x.mean(axis=1, keepdims=True)


def hills(rng: np.random.Generator, points: int) -> Points:
    """Two hills and two hollows: y = sin(π·x1) · sin(π·x2)."""
    x = rng.uniform(-1, 1, (points, 2))
    return x, np.sin(np.pi * x).prod(axis=1, keepdims=True)


def curve(rng: np.random.Generator, points: int, formula: str, reach: int) -> Points:
    """y = f(x) for a function that you type, from −reach to reach."""
    x = rng.uniform(-reach, reach, (points, 1))
    return x, values(formula, x)


def above(rng: np.random.Generator, points: int, formula: str, reach: int) -> Points:
    """Points above and below y = f(x), for a function that you type."""
    features = rng.uniform(-reach, reach, (points, 2))
    return features, (features[:, 1] > values(formula, features[:, 0])).astype(int)


def values(formula: str, x: Array) -> Array:
    """f(x) for each x, in the shape of x.

    Raises FormulaError for a formula that can't be read, and StudioError for one of another name
    than x and for values that are not finite.
    """
    if len(formula) > LONGEST_FORMULA:
        raise StudioError(
            N_("The function has {count} characters. Use up to {most}."),
            count=len(formula),
            most=LONGEST_FORMULA,
        )
    tree = parse(formula)
    foreign = [name for name in names(tree) if name != "x" and name not in CONSTANTS]
    if foreign:
        raise StudioError(
            N_("The function speaks of {name}, but there is only x. Write it with x."),
            name=foreign[0],
        )
    _refuse_arrays(tree)
    with np.errstate(all="ignore"):
        found = np.asarray(evaluate(tree, {**CONSTANTS, "x": x.ravel()}), dtype=np.float64)
    found = np.broadcast_to(found, (x.size,)).reshape(x.shape)
    if not np.isfinite(found).all():
        where = float(x.ravel()[int(np.flatnonzero(~np.isfinite(found.ravel()))[0])])
        raise StudioError(
            N_("{formula} gives no finite number at x = {x}. Change it, or the reach."),
            formula=formula,
            x=f"{where:.4g}",
        )
    return found


def _refuse_arrays(tree: Expression) -> None:
    """Refuse functions that depend on how many numbers there are, and products of matrices."""

    def visit(part: Expression, _: Sequence[None]) -> None:
        sign = part.sign if isinstance(part, Binary) else ""
        called = part.function if isinstance(part, Call) and part.function in OF_ARRAYS else ""
        if called or sign == "@":
            raise StudioError(
                N_("{name} is for arrays, but the function gets one x at a time. Leave it out."),
                name=called or sign,
            )

    fold(tree, visit)
