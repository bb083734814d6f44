"""A gate as a function of one of its inputs, with the tangent where it stands.

Backpropagation multiplies by the slope of this tangent: the local gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.engine.run import Step, pull_back
from bpstudio.language import _
from bpstudio.playback import digits
from bpstudio.playback.marks import Discs, Ink, Line, Mark, Rect, Span, Text
from bpstudio.playback.metrics import MONO
from bpstudio.playback.palette import Theme
from bpstudio.playback.views import Axes

POINTS = 121
"""Places at which the function is looked at; odd, so that the operating point is one of them."""
FEWER_POINTS = 41
"""The same for a gate of many numbers, all of which are computed at each place."""
MOST_NUMBERS = 20_000
"""Of a gate with more numbers than this no curve is drawn."""
REACH = 3.0
"""How far to either side, in input units, or as far as the input is from zero."""


@dataclass(frozen=True, eq=False)
class Tangent:
    """One input of a gate: the gate's output over it, and the slope where it stands.

    `across` and `along` have shape (points,); `at` is the operating point, `value` the output
    there and `slope` the local gradient ∂out/∂input. `place` says which number of an array.
    """

    port: str
    across: Array
    along: Array
    at: float
    value: float
    slope: float
    place: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """What the input is called: its port, and of several numbers which: `x[2, 1]`."""
        return f"{self.port}{list(self.place)}" if self.place else self.port


def tangents(step: Step, output: int = 0) -> tuple[Tangent, ...]:
    """One for each input of a gate, for one number of its output, counted from 0 row by row.

    Of an input of many numbers it is the one that moves this output most, all others held. None
    where one is not finite, or hidden: there is no place to put a tangent at; nor for a gate of
    very many numbers.
    """
    sizes = [array.size for array in step.values]
    if not step.output.size or sum(sizes) + step.output.size > MOST_NUMBERS:
        return ()
    if not all(np.isfinite(array).all() for array in (step.output, *step.values)):
        return ()
    seed = np.zeros(step.output.shape)
    seed.flat[output] = 1.0
    points = POINTS if step.output.size == 1 and all(size == 1 for size in sizes) else FEWER_POINTS
    found = []
    for name, gradients in pull_back(step, seed).items():
        value = step.arguments[name]
        several = value if isinstance(value, tuple) else (value,)
        for slot, (argument, gradient) in enumerate(zip(several, gradients, strict=True)):
            flat = int(np.abs(np.nan_to_num(gradient)).argmax())
            place = tuple(int(i) for i in np.unravel_index(flat, argument.shape))
            at = float(argument[place])
            reach = max(REACH, 1.25 * abs(at))
            across = np.linspace(at - reach, at + reach, points)
            along = np.array([_output(step, (name, slot), place, x, output) for x in across])
            port = f"{name}{slot + 1}" if len(several) > 1 else name
            here = place if argument.size > 1 else ()
            slope, value_here = float(gradient[place]), float(step.output.flat[output])
            found.append(Tangent(port, across, along, at, value_here, slope, here))
    return tuple(found)


def chart(tangent: Tangent, rect: Rect, theme: Theme) -> Iterator[Mark]:
    """The curve, its tangent, the operating point, and the slope in words, in a rectangle."""
    finite = tangent.along[np.isfinite(tangent.along)]
    # A pole would flatten everything else: look at what is near the operating point.
    span = max(2.5 * float(np.median(np.abs(finite - tangent.value))), 0.5) if finite.size else 1.0
    low = max(float(finite.min(initial=tangent.value)), tangent.value - span)
    high = min(float(finite.max(initial=tangent.value)), tangent.value + span)
    margin = 0.12 * max(high - low, 0.2)
    ends = (float(tangent.across[0]), float(tangent.across[-1]))
    axes = Axes(rect, ends, (low - margin, high + margin))
    yield from axes.lines(theme, tangent.name)
    for piece in _pieces(tangent, axes.y):
        yield Line(axes.places(*piece), Ink("forward"), 2.0 * theme.wire**0.5)
    yield Line(_tangent_line(tangent, axes), Ink("local"), 1.6 * theme.wire**0.5, (5.0, 4.0))
    point = axes.places(np.array([tangent.at]), np.array([tangent.value]))
    yield Discs(point, 4.5, Ink("forward"), Ink("panel"), 1.5)
    words = (
        Span(_("slope {slope}").format(slope=digits.significant(tangent.slope)), "local", MONO),
    )
    size = 12.0 * theme.type
    # In the upper corner that the tangent does not rise into.
    falls = tangent.slope < 0
    x = rect.right - 4 if falls else rect.x + 6
    yield Text(x, rect.y + size, words, size, "end" if falls else "start", "panel")


def _output(
    step: Step, port: tuple[str, int], place: tuple[int, ...], x: float, output: int
) -> float:
    """One number of the output when one number of an argument is another."""
    values: list[Array] = []
    for name, value in step.arguments.items():
        several = value if isinstance(value, tuple) else (value,)
        for slot, array in enumerate(several):
            moved = array
            if (name, slot) == port:
                moved = np.array(array, dtype=float)
                moved[place] = x
            values.append(moved)
    rule = step.op.forward if step.training else step.op.infer
    with np.errstate(all="ignore"):
        return float(np.asarray(rule(*values)).flat[output])


def _pieces(tangent: Tangent, y: tuple[float, float]) -> Iterator[tuple[Array, Array]]:
    """The stretches of the curve that lie inside the chart."""
    inside = np.isfinite(tangent.along) & (tangent.along >= y[0]) & (tangent.along <= y[1])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        if end - begin > 1:
            yield tangent.across[begin:end], tangent.along[begin:end]


def _tangent_line(tangent: Tangent, axes: Axes) -> Array:
    """The tangent from edge to edge of the chart."""
    reach = 0.42 * (axes.x[1] - axes.x[0])
    if tangent.slope:
        room = min(axes.y[1] - tangent.value, tangent.value - axes.y[0])
        reach = min(reach, room / abs(tangent.slope))
    x = np.array([tangent.at - reach, tangent.at + reach])
    return axes.places(x, tangent.value + tangent.slope * (x - tangent.at))
