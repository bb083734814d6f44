"""Curves in a frame: from numbers to places of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bpstudio.engine.op import Array
from bpstudio.lessons.exhibits.exhibit import Line


class Frame(NamedTuple):
    """A part of the picture, and the numbers at its edges."""

    left: float
    top: float
    right: float
    bottom: float
    low: float
    high: float
    least: float
    most: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where the point (x, y) lies; what is outside lies at the edge."""
        across = min(1.0, max(0.0, (x - self.low) / (self.high - self.low)))
        up = min(1.0, max(0.0, (y - self.least) / (self.most - self.least)))
        return (
            self.left + across * (self.right - self.left),
            self.bottom - up * (self.bottom - self.top),
        )

    def across(self, x: float) -> float:
        """Which number belongs to a place across the picture."""
        share = (x - self.left) / (self.right - self.left)
        return self.low + min(1.0, max(0.0, share)) * (self.high - self.low)

    def curve(
        self, xs: Sequence[float] | Array, ys: Sequence[float] | Array, role: str, width: float = 2
    ) -> Line:
        """A curve; where it leaves the frame it runs along the edge."""
        points = (self.at(float(x), float(y)) for x, y in zip(xs, ys, strict=True))
        return Line(tuple(points), role, width)

    def axes(self) -> tuple[Line, ...]:
        """The axes, where 0 lies within."""
        zero_x, zero_y = min(max(0.0, self.low), self.high), min(max(0.0, self.least), self.most)
        return (
            Line((self.at(self.low, zero_y), self.at(self.high, zero_y)), "border", 1.2),
            Line((self.at(zero_x, self.least), self.at(zero_x, self.most)), "border", 1.2),
        )
