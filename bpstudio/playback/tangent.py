"""A gate as a function of one of its inputs, with the tangent where it stands.

Backpropagation multiplies by the slope of this tangent: the local gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

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
REACH = 3.0
"""How far to either side, in input units, or as far as the input is from zero."""


@dataclass(frozen=True, eq=False)
class Tangent:
    """One input of a gate: the gate's output over it, and the slope where it stands.

    `across` and `along` have shape (points,); `at` is the operating point, `value` the output
    there and `slope` the local gradient ∂out/∂input.
    """

    port: str
    across: Array
    along: Array
    at: float
    value: float
    slope: float


def tangents(step: Step) -> tuple[Tangent, ...]:
    """One for each input of a gate whose inputs and output are single numbers; else none.

    None either where one is not finite, or hidden: there is no place to put a tangent at.
    """
    numbers = (step.output, *step.values)
    if any(array.size != 1 or not np.isfinite(array).all() for array in numbers):
        return ()
    passed = pull_back(step, np.ones_like(step.output))
    found = []
    for name, value in step.arguments.items():
        if isinstance(value, np.ndarray) and name in passed:
            at = float(value.item())
            reach = max(REACH, 1.25 * abs(at))
            across = np.linspace(at - reach, at + reach, POINTS)
            along = np.array([_output(step, name, x, value.shape) for x in across])
            slope = float(passed[name][0].item())
            found.append(Tangent(name, across, along, at, float(step.output.item()), slope))
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
    yield from axes.lines(theme, tangent.port)
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


def _output(step: Step, name: str, x: float, shape: tuple[int, ...]) -> float:
    moved = replace(step, arguments={**step.arguments, name: np.full(shape, x)})
    rule = step.op.forward if step.training else step.op.infer
    with np.errstate(all="ignore"):
        return float(np.asarray(rule(*moved.values)).item())


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
