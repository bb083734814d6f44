"""A ReLU neuron takes a step: one too large, and no gradient ever comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bpstudio.engine.formula import build as formula
from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Shape, Slider, Words
from bpstudio.playback.digits import significant
from bpstudio.project import build
from bpstudio.project.project import Project

RATES = (0.01, 0.1, 0.3, 1.0)
INPUTS = (0.5, 1.0, 1.5, 2.0)
"""The examples that the neuron sees; it should answer 0.5 to each."""


@dataclass(frozen=True, eq=False)
class Dying(Exhibit):
    """The neuron's weight and bias, and the rate."""

    project: Project
    gate: str
    weight: float = 1.0
    bias: float = 0.5
    rate: int = 0
    steps: int = 0

    height = 170

    def look(self) -> tuple[list[float], float, float]:
        """What it answers to each example, and the mean gradients of weight and bias."""
        answers, slopes = [], []
        for x in INPUTS:
            made = network.with_value(self.project, "w", self.weight)
            made = network.with_value(made, "b", self.bias)
            found = network.run(made, "x", x)
            answers.append(float(found.values[self.gate].item()))
            slopes.append([float(found.gradients[name].item()) for name in ("w", "b")])
        w, b = np.mean(slopes, axis=0)
        return answers, float(w), float(b)

    @property
    def dead(self) -> bool:
        """Whether no gradient comes back, whatever the example."""
        return not any(self.look()[0])

    def controls(self) -> tuple[Control, ...]:
        """The rate, a step, the beginning."""
        shown = f"α = {RATES[self.rate]:g}"
        return (
            Slider("rate", _("Learning rate"), self.rate, len(RATES), shown),
            Button("step", _("Step")),
            Button("begin", _("From the start")),
        )

    def picture(self) -> tuple[Shape, ...]:
        """The answers as bars; grey where the neuron is dead."""
        answers, w, b = self.look()
        shapes: list[Shape] = []
        for number, (x, answer) in enumerate(zip(INPUTS, answers, strict=True)):
            high = min(0.6, 0.2 * answer)
            left = 0.06 + 0.14 * number
            shapes.append(Cell(left, 0.75 - high, 0.1, max(high, 0.01), "", "value", 0.7))
            shapes.append(Words(left + 0.05, 0.86, f"x = {x:g}", "muted", 11))
        text = _("dead") if self.dead else _("alive")
        role = "gradient" if self.dead else "value"
        shapes.append(Cell(0.68, 0.08, 0.28, 0.26, text, role, 0.35))
        for row, (name, slope) in enumerate((("∂J/∂w", w), ("∂J/∂b", b))):
            words = f"{name} = {significant(slope)}"
            shapes.append(Words(0.68, 0.5 + 0.18 * row, words, "gradient", 13, -1))
        return tuple(shapes)

    def said(self) -> str:
        """Weight, bias, and how it is."""
        text = _("After {steps} steps w = {w} and b = {b}.")
        words = text.format(steps=self.steps, w=significant(self.weight), b=significant(self.bias))
        return words + " " + (_("No gradient comes back.") if self.dead else _("It can learn."))

    def facts(self) -> Mapping[str, float]:
        """Whether it is dead, and after how many steps."""
        return {"dead": float(self.dead), "steps": self.steps}

    def acted(self, control: str, place: int = 0) -> Dying:
        """Another rate, a step, or the beginning."""
        if control == "rate":
            return replace(self, rate=place)
        if control == "begin":
            return Dying(self.project, self.gate, rate=self.rate)
        _answers, w, b = self.look()
        rate = RATES[self.rate]
        return replace(
            self, weight=self.weight - rate * w, bias=self.bias - rate * b, steps=self.steps + 1
        )

    def pointed(self, x: float, y: float, *, first: bool = True) -> Dying:
        """A press lets it take a step."""
        return self.acted("step") if first else self

    def pushed(self, right: int, down: int) -> Dying:
        """Another rate."""
        return replace(self, rate=min(len(RATES) - 1, max(0, self.rate + right)))

    def entered(self) -> Dying:
        """A step."""
        return self.acted("step")


def begin(_of: str, _project: Project | None) -> Dying:
    """Nothing has to be said."""
    values = {"w": 1.0, "x": 1.0, "b": 0.5}
    made = build.from_formula(formula("J = (max(0, w * x + b) - 0.5)^2", values))
    return Dying(made, next(n.id for n in made.graph.nodes.values() if n.op.name == "max"))
