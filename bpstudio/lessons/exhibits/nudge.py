"""A nudge of one input: the slope that it shows, and how far off that is for every h."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.chart import Frame
from bpstudio.lessons.exhibits.exhibit import Control, Dot, Exhibit, Shape, Slider, Words
from bpstudio.playback.digits import significant
from bpstudio.project.project import Project

POWERS = tuple(range(-1, -16, -1))
LEAST = -14.0
"""An error below 10^LEAST is drawn there."""


@dataclass(frozen=True, eq=False)
class Nudge(Exhibit):
    """f of one input around its value, and h as one of the powers of ten."""

    project: Project
    node: str
    place: int = 0

    height = 230

    @cached_property
    def start(self) -> tuple[float, float, float]:
        """The input, f and the exact slope."""
        recording = network.run(self.project)
        x = network.typed(self.project, self.node)
        return x, self._last(x), float(recording.gradients[self.node].item())

    def _last(self, x: float) -> float:
        recording = network.run(self.project, self.node, x)
        return float(recording.forward[-1].output.item())

    def slope(self, place: int) -> float:
        """The slope that a nudge forward by that h shows."""
        x, f, _exact = self.start
        h = 10.0 ** POWERS[place]
        return (self._last(x + h) - f) / h

    @cached_property
    def errors(self) -> tuple[float, ...]:
        """How far off each h is."""
        return tuple(abs(self.slope(place) - self.start[2]) for place in range(len(POWERS)))

    @cached_property
    def samples(self) -> tuple[list[float], list[float]]:
        """f around the input."""
        xs = (self.start[0] + np.linspace(-2, 2, 41)).tolist()
        return xs, [self._last(x) for x in xs]

    @property
    def h(self) -> float:
        """How large the nudge is."""
        return float(10.0 ** POWERS[self.place])

    def controls(self) -> tuple[Control, ...]:
        """h."""
        shown = f"h = 1e{POWERS[self.place]}"
        return (Slider("h", _("Size of the nudge"), self.place, len(POWERS), shown),)

    def picture(self) -> tuple[Shape, ...]:
        """Left f, its tangent and the nudged point; right the error against h."""
        x, f, exact = self.start
        xs, ys = self.samples
        room = 0.1 * (max(ys) - min(ys)) or 1.0
        left = Frame(0.03, 0.1, 0.46, 0.92, xs[0], xs[-1], min(ys) - room, max(ys) + room)
        tangent = [f + exact * (each - x) for each in (xs[0], xs[-1])]
        right = Frame(0.54, 0.1, 0.97, 0.92, float(POWERS[0]), float(POWERS[-1]), LEAST, 0.0)
        logs = [math.log10(max(error, 10.0**LEAST)) for error in self.errors]
        return (
            Words(0.24, 0.04, _("f and its slope"), "muted"),
            Words(0.75, 0.04, _("error against h"), "muted"),
            left.curve(xs, ys, "value"),
            left.curve((xs[0], xs[-1]), tangent, "gradient", 1.4),
            Dot(*left.at(x, f), "value"),
            Dot(*left.at(x + self.h, self._last(x + self.h)), "accent"),
            *right.axes(),
            right.curve(POWERS, logs, "gradient"),
            Dot(*right.at(POWERS[self.place], logs[self.place]), "accent", 7.0),
            Words(0.54, 0.97, "h = 0.1", "muted", 11, -1),
            Words(0.97, 0.97, "1e-15", "muted", 11, 1),
        )

    def said(self) -> str:
        """The slope that is seen, and its error."""
        text = _("Nudged by {h}, the slope seems to be {slope}; that is off by {error}.")
        return text.format(
            h=f"1e{POWERS[self.place]}",
            slope=significant(self.slope(self.place)),
            error=f"{self.errors[self.place]:.1e}",
        )

    def facts(self) -> Mapping[str, float]:
        """The exponent of h, the slope, and whether the error is the least of all."""
        least = min(range(len(POWERS)), key=self.errors.__getitem__)
        return {
            "power": POWERS[self.place],
            "slope": self.slope(self.place),
            "error": self.errors[self.place],
            "best": float(abs(self.place - least) <= 1),
            "worst": float(self.place == len(POWERS) - 1),
        }

    def acted(self, control: str, place: int = 0) -> Nudge:
        """Another h."""
        return replace(self, place=place)

    def pointed(self, x: float, y: float, *, first: bool = True) -> Nudge:
        """The h that belongs to that place."""
        place = round((x - 0.54) / 0.43 * (len(POWERS) - 1))
        return replace(self, place=min(len(POWERS) - 1, max(0, place)))

    def pushed(self, right: int, down: int) -> Nudge:
        """A smaller or a larger h."""
        return replace(self, place=min(len(POWERS) - 1, max(0, self.place + right)))


def begin(of: str, project: Project | None) -> Nudge:
    """`x`: the input that is nudged."""
    project = network.needed(project)
    network.typed(project, of)
    return Nudge(project, of)
