"""Sigmoids one behind the other: the gradient at the first, as a bar that shrinks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from bpstudio.engine.graph import Graph, Node
from bpstudio.language import _, ngettext
from bpstudio.lessons import keys
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Shape, Words
from bpstudio.project.gates import gate
from bpstudio.project.project import Project

MOST = 10
LEAST = -7.0


@dataclass(frozen=True, eq=False)
class Stacked(Exhibit):
    """How many gates of a kind stand one behind the other, from x = 0."""

    op: str
    count: int = 1

    height = 230

    @cached_property
    def gradients(self) -> tuple[float, ...]:
        """The gradient at the input of every gate, the first first."""
        names = ["x", *(f"s{i}" for i in range(self.count))]
        nodes = [Node("x", gate("input"))]
        nodes += [Node(name, gate(self.op), {"x": (before,)}) for before, name in pairwise(names)]
        graph = Graph({node.id: node for node in nodes})
        found = keys.recording_of(Project(graph=graph, given={"x.value": np.asarray(0.0)}))
        return tuple(float(found.gradients[name].item()) for name in names[:-1])

    def controls(self) -> tuple[Control, ...]:
        """One more, one less."""
        return (
            Button("more", _("One more"), enabled=self.count < MOST),
            Button("less", _("One less"), enabled=self.count > 1),
        )

    def picture(self) -> tuple[Shape, ...]:
        """A bar for each gate, by powers of ten."""
        shapes: list[Shape] = []
        for number, gradient in enumerate(self.gradients):
            share = max(0.02, 1 - math.log10(max(abs(gradient), 10**LEAST)) / LEAST)
            x, high = 0.03 + number * 0.095, 0.72 * share
            shapes.append(Cell(x, 0.82 - high, 0.08, high, "", "gradient", 0.8))
            shapes.append(Words(x + 0.04, 0.77 - high, short(gradient), "gradient", 10))
            shapes.append(Words(x + 0.04, 0.9, f"{number + 1}", "muted", 11))
        return tuple(shapes)

    def said(self) -> str:
        """What is left at the first."""
        text = ngettext(
            "{count} gate: {gradient} arrives at the first.",
            "{count} gates: {gradient} arrives at the first.",
            self.count,
        )
        return text.format(count=self.count, gradient=f"{self.gradients[0]:.4g}")

    def facts(self) -> Mapping[str, float]:
        """How many, and the gradient at the first."""
        return {"count": self.count, "gradient": self.gradients[0]}

    def acted(self, control: str, place: int = 0) -> Stacked:
        """One more or one less."""
        by = 1 if control == "more" else -1
        return replace(self, count=min(MOST, max(1, self.count + by)))

    def pointed(self, x: float, y: float, *, first: bool = True) -> Stacked:
        """As many as reach there."""
        return replace(self, count=min(MOST, max(1, int((x - 0.03) / 0.095) + 1)))

    def pushed(self, right: int, down: int) -> Stacked:
        """One more or one less."""
        return self.acted("more" if right > 0 or down < 0 else "less")


def short(gradient: float) -> str:
    """A gradient over its narrow bar: two figures, one where it is tiny."""
    return f"{gradient:.2g}" if abs(gradient) >= 0.01 else f"{gradient:.0e}"


def begin(of: str, _project: Project | None) -> Stacked:
    """`sigmoid`: the gate that is stacked."""
    made = Stacked(of)
    assert made.gradients
    return made
