"""A ball on a curve: say where it will lie, let it take its step, and see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpstudio.engine.formula import build as formula
from bpstudio.language import _
from bpstudio.lessons import keys
from bpstudio.lessons.exhibits.chart import Frame
from bpstudio.lessons.exhibits.exhibit import (
    Button,
    Control,
    Dot,
    Exhibit,
    Line,
    Shape,
    Slider,
    Words,
)
from bpstudio.playback.digits import MINUS, significant
from bpstudio.project import build, edits
from bpstudio.project.project import Project

RATES = (0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0, 1.1)
REACH = 5.0
SAMPLES = 81
NUDGE = 0.1
"""By how much an arrow moves the guess."""
NEAR = 0.15
"""How near a guess has to be."""


@dataclass(frozen=True, eq=False)
class Descent(Exhibit):
    """J of one w, the way so far, the rate, and where the next dot is guessed."""

    network: Project
    way: tuple[float, ...]
    rate: int = 2
    guess: float | None = None
    hits: int = 0

    @cached_property
    def samples(self) -> tuple[list[float], list[float]]:
        """The curve."""
        ws = np.linspace(-REACH, REACH, SAMPLES).tolist()
        return ws, [self.look(w)[0] for w in ws]

    def look(self, w: float) -> tuple[float, float]:
        """J and its slope there, by a run of the network."""
        moved = edits.set_value(self.network, "w.value", np.asarray(float(w)))
        recording = keys.recording_of(moved)
        last = recording.forward[-1].node
        return recording.values[last].item(), recording.gradients["w"].item()

    @property
    def here(self) -> float:
        """Where the ball is."""
        return self.way[-1]

    @property
    def after(self) -> float:
        """Where the next step leads."""
        return self.here - RATES[self.rate] * self.look(self.here)[1]

    @property
    def frame(self) -> Frame:
        """The part of the picture with the curve."""
        ys = self.samples[1]
        low, high = min(0.0, *ys), max(ys)
        return Frame(0.04, 0.06, 0.96, 0.9, -REACH, REACH, low - 0.05 * (high - low), high)

    def controls(self) -> tuple[Control, ...]:
        """The rate, a step, and the beginning."""
        shown = f"α = {RATES[self.rate]:g}"
        return (
            Slider("rate", _("Learning rate"), self.rate, len(RATES), shown),
            Button("step", _("Step")),
            Button("begin", _("From the start")),
        )

    def picture(self) -> tuple[Shape, ...]:
        """The curve, its slope at the ball, the way, and the guess."""
        frame = self.frame
        value, slope = self.look(self.here)
        ends = [self.here - 0.8, self.here + 0.8]
        shapes: list[Shape] = [*frame.axes(), frame.curve(*self.samples, "muted")]
        for mark in range(-round(REACH) + 1, round(REACH)):
            x, y = frame.at(mark, 0.0)
            shapes.append(Line(((x, y), (x, y + 0.02)), "muted", 1.2))
            shapes.append(Words(x, y + 0.07, f"{mark}".replace("-", MINUS), "muted", 10))
        if frame.low <= self.here <= frame.high:
            shapes.append(
                frame.curve(ends, [value + slope * (end - self.here) for end in ends], "gradient")
            )
        for w in self.way[:-1][-12:]:
            shapes.append(Dot(*frame.at(w, self.look(w)[0]), "update", 4.0))
        shapes.append(Dot(*frame.at(self.here, value), "accent", 8.0))
        if self.guess is not None:
            x, y = frame.at(self.guess, 0.0)
            shapes.append(Line(((x, y - 0.05), (x, y + 0.05)), "accent", 3.0))
        return tuple(shapes)

    def said(self) -> str:
        """w, J and the slope, and whether the guess was near."""
        value, slope = self.look(self.here)
        text = _("w = {w}, J = {J}, slope {slope}. Click the axis where the next dot will be.")
        return text.format(w=significant(self.here), J=significant(value), slope=significant(slope))

    def facts(self) -> Mapping[str, float]:
        """Where it is, after how many steps, and how many guesses were near."""
        value, slope = self.look(self.here)
        return {
            "w": self.here,
            "J": value,
            "slope": slope,
            "steps": len(self.way) - 1,
            "hits": self.hits,
            "away": float(abs(self.here) > abs(self.way[0]) + 1e-9),
        }

    def acted(self, control: str, place: int = 0) -> Descent:
        """Another rate, a step, or the beginning."""
        if control == "rate":
            return replace(self, rate=place)
        if control == "begin":
            return replace(self, way=self.way[:1], guess=None)
        if abs(self.here) > 1e6:
            return self
        near = self.guess is not None and abs(self.guess - self.after) <= NEAR
        hits = self.hits + near
        return replace(self, way=(*self.way, self.after), guess=None, hits=hits)

    def pointed(self, x: float, y: float, *, first: bool = True) -> Descent:
        """The guess is there."""
        return replace(self, guess=round(self.frame.across(x), 2))

    def pushed(self, right: int, down: int) -> Descent:
        """The guess moves a little."""
        guess = self.here if self.guess is None else self.guess
        return replace(self, guess=round(min(REACH, max(-REACH, guess + NUDGE * right)), 2))

    def entered(self) -> Descent:
        """A step."""
        return self.acted("step")


def begin(of: str, _project: Project | None) -> Descent:
    """`w^2 at 3`: a formula in w, and where the ball begins."""
    text, _word, start = of.rpartition(" at ")
    network = build.from_formula(formula(f"J = {text}", {"w": float(start)}))
    return Descent(network, (float(start),))
