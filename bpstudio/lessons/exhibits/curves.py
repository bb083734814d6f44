"""Activation functions over one cursor: their values above, their slopes below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from bpstudio.engine.formula import build as formula
from bpstudio.language import _
from bpstudio.lessons.exhibits import network
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
from bpstudio.playback.digits import significant
from bpstudio.project import build
from bpstudio.project.project import Project

FUNCTIONS: Mapping[str, str] = {
    "sigmoid": "1 / (1 + exp(-x))",
    "tanh": "tanh(x)",
    "ReLU": "max(0, x)",
    "leaky ReLU": "x if x > 0 else 0.1 * x",
    "ELU": "x if x > 0 else exp(x) - 1",
    "maxout": "max(0.5 * x + 1, -x + 0.5)",
}
"""Six functions of x; maxout with two lines."""
REACH, STEP = 5.0, 0.25
COUNT = round(2 * REACH / STEP) + 1
SAMPLES = np.linspace(-REACH, REACH, 81)


@cache
def _values(name: str) -> tuple[tuple[float, float], ...]:
    """Value and slope at every place of the cursor and of the curve."""
    return tuple(looked_at(name, float(x)) for x in SAMPLES)


@cache
def looked_at(name: str, x: float) -> tuple[float, float]:
    """A function's value and slope, by a run of its network."""
    made = build.from_formula(formula(f"y = {FUNCTIONS[name]}", {"x": x}))
    recording = network.run(made)
    return float(recording.forward[-1].output.item()), float(recording.gradients["x"].item())


@dataclass(frozen=True)
class Curves(Exhibit):
    """Which function, and where the cursor is."""

    chosen: int = 0
    place: int = COUNT // 2

    height = 260

    @property
    def name(self) -> str:
        """The function."""
        return list(FUNCTIONS)[self.chosen]

    @property
    def x(self) -> float:
        """The cursor."""
        return -REACH + STEP * self.place

    def controls(self) -> tuple[Control, ...]:
        """The functions and the cursor."""
        buttons = [
            Button(f"function {i}", name, down=i == self.chosen) for i, name in enumerate(FUNCTIONS)
        ]
        return *buttons, Slider("x", "x", self.place, COUNT, f"x = {significant(self.x)}")

    def picture(self) -> tuple[Shape, ...]:
        """All curves pale, the chosen one strong; below the slopes."""
        above = Frame(0.04, 0.04, 0.96, 0.56, -REACH, REACH, -1.5, 3.5)
        below = Frame(0.04, 0.64, 0.96, 0.96, -REACH, REACH, -1.1, 1.1)
        shapes: list[Shape] = [*above.axes(), *below.axes()]
        for name in sorted(FUNCTIONS, key=lambda each: each == self.name):
            mine = name == self.name
            values, slopes = zip(*_values(name), strict=True)
            width = 2.8 if mine else 1.0
            shapes.append(above.curve(SAMPLES, values, "value" if mine else "border", width))
            shapes.append(below.curve(SAMPLES, slopes, "gradient" if mine else "border", width))
        value, slope = looked_at(self.name, self.x)
        x = above.at(self.x, 0.0)[0]
        shapes.append(Line(((x, 0.02), (x, 0.98)), "accent", 1.4, dashed=True))
        shapes.append(Dot(*above.at(self.x, value), "value"))
        shapes.append(Dot(*below.at(self.x, slope), "gradient"))
        shapes.append(Words(0.05, 0.08, self.name, "text", 13, -1))
        shapes.append(Words(0.05, 0.67, _("slope"), "gradient", 12, -1))
        return tuple(shapes)

    def said(self) -> str:
        """Value and slope at the cursor."""
        value, slope = looked_at(self.name, self.x)
        text = _("{name} at {x}: value {value}, slope {slope}.")
        return text.format(
            name=self.name,
            x=significant(self.x),
            value=significant(value),
            slope=significant(slope),
        )

    def facts(self) -> Mapping[str, float]:
        """The cursor, the slope, and which function."""
        value, slope = looked_at(self.name, self.x)
        return {"x": self.x, "value": value, "slope": slope, "function": self.chosen + 1}

    def acted(self, control: str, place: int = 0) -> Curves:
        """Another function, or another x."""
        if control == "x":
            return replace(self, place=min(COUNT - 1, max(0, place)))
        return replace(self, chosen=int(control.split()[1]))

    def pointed(self, x: float, y: float, *, first: bool = True) -> Curves:
        """The cursor comes there."""
        return self.acted("x", round((x - 0.04) / 0.92 * (COUNT - 1)))

    def pushed(self, right: int, down: int) -> Curves:
        """Left and right move the cursor, up and down choose a function."""
        if down:
            return replace(self, chosen=(self.chosen + down) % len(FUNCTIONS))
        return self.acted("x", self.place + right)


def begin(_of: str, _project: Project | None) -> Curves:
    """Nothing has to be said."""
    return Curves()
