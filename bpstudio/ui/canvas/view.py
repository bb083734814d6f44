"""Which part of the network is seen, and how large: a value.

Three kinds of coordinates meet on a canvas. Places of nodes are in canvas units; the pointer is in
pixels of the widget; what is painted is in pixels of the screen, `ratio` times as many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

from bpstudio.playback.marks import Rect

Point: TypeAlias = tuple[float, float]

SMALLEST, LARGEST = 1 / 16, 8.0
STEPS = 12
"""How many steps of zoom double the size."""
FITTED = 1.5
"""Fitting never enlarges beyond this."""


@dataclass(frozen=True)
class View:
    """The canvas place (x, y) stands at the widget's left upper corner, magnified by `scale`."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0

    def to_canvas(self, at: Point) -> Point:
        """The place under a pixel of the widget."""
        return self.x + at[0] / self.scale, self.y + at[1] / self.scale

    def to_widget(self, place: Point) -> Point:
        """The pixel of the widget over a place."""
        return (place[0] - self.x) * self.scale, (place[1] - self.y) * self.scale

    def rect_to_widget(self, rect: Rect) -> Rect:
        """What a rectangle of the canvas covers of the widget."""
        x, y = self.to_widget((rect.x, rect.y))
        return Rect(x, y, rect.width * self.scale, rect.height * self.scale)

    def seen(self, width: float, height: float) -> Rect:
        """The part of the canvas that a widget of that size shows."""
        return Rect(self.x, self.y, width / self.scale, height / self.scale)

    def moved(self, dx: float, dy: float) -> View:
        """With everything moved by so many pixels of the widget."""
        return replace(self, x=self.x - dx / self.scale, y=self.y - dy / self.scale)

    def zoomed(self, scale: float, at: Point) -> View:
        """With another scale; the place under that pixel stays there."""
        scale = min(max(scale, SMALLEST), LARGEST)
        x, y = self.to_canvas(at)
        return View(x - at[0] / scale, y - at[1] / scale, scale)

    def snapped(self, ratio: float) -> View:
        """Moved by less than a pixel of the screen, so that places fall on whole ones."""
        unit = self.scale * ratio
        return replace(self, x=round(self.x * unit) / unit, y=round(self.y * unit) / unit)


def step(scale: float, steps: int) -> float:
    """So many steps of zoom further; scales lie on one ladder, so that what is drawn is reused."""
    rung = round(STEPS * math.log2(scale)) + steps
    low, high = STEPS * math.log2(SMALLEST), STEPS * math.log2(LARGEST)
    return float(2.0 ** (min(max(rung, low), high) / STEPS))


def fitted(bounds: Rect, width: float, height: float) -> View:
    """The largest rung of the ladder at which all of the bounds is seen, in the middle."""
    room = min(width / max(bounds.width, 1.0), height / max(bounds.height, 1.0), FITTED)
    rung = math.floor(STEPS * math.log2(max(room, SMALLEST)) + 1e-9)
    scale = float(2.0 ** (rung / STEPS))
    x, y = bounds.centre
    return View(x - width / scale / 2, y - height / scale / 2, scale)
