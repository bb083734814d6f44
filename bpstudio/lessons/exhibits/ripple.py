"""One input is changed: only what lies behind it is computed anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.language import _, ngettext
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Line, Shape, Slider
from bpstudio.playback.digits import significant
from bpstudio.project.project import Project

SHARES = (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
"""What an input may become, as shares of what it was."""
BOX = (0.17, 0.15)


@dataclass(frozen=True, eq=False)
class Ripple(Exhibit):
    """A graph, the inputs that can be changed, and the one that was."""

    project: Project
    inputs: tuple[str, ...]
    chosen: int = 0
    place: int = SHARES.index(1.0)

    @property
    def input(self) -> str:
        """The input that is changed."""
        return self.inputs[self.chosen]

    @property
    def value(self) -> float:
        """What it is changed to."""
        return network.typed(self.project, self.input) * SHARES[self.place]

    @cached_property
    def values(self) -> Mapping[str, Array]:
        """The value of each node now."""
        return network.run(self.project, self.input, self.value).values

    @cached_property
    def changed(self) -> frozenset[str]:
        """The nodes whose value is another now."""
        before, after = network.run(self.project).values, self.values
        return frozenset(n for n in before if not np.array_equal(before[n], after[n]))

    def controls(self) -> tuple[Control, ...]:
        """Which input, and its value."""
        buttons = [
            Button(f"input {i}", name, down=i == self.chosen) for i, name in enumerate(self.inputs)
        ]
        shown = f"{self.input} = {significant(self.value)}"
        return *buttons, Slider("value", _("Value"), self.place, len(SHARES), shown)

    def picture(self) -> tuple[Shape, ...]:
        """The graph; what flows behind the change is lit."""
        spots, changed, values = network.places(self.project), self.changed, self.values
        wide, high = BOX
        shapes: list[Shape] = []
        for node in self.project.graph.nodes.values():
            for source in node.feeding:
                lit = source in changed
                (left, above), (right, below) = spots[source], spots[node.id]
                ends = ((left + wide / 2, above), (right - wide / 2, below))
                shapes.append(Line(ends, "value" if lit else "border", 4.0 if lit else 1.6))
        for node_id, (x, y) in spots.items():
            strength = 0.35 if node_id in changed else 0.0
            left, top = x - wide / 2, y - high / 2
            shapes.append(Cell(left, top, wide, high, "", "value", strength))
            number = significant(float(values[node_id].item()))
            shapes.append(Cell(left, top, wide, high / 2, node_id, framed=False))
            shapes.append(Cell(left, y, wide, high / 2, number, framed=False))
        return tuple(shapes)

    def said(self) -> str:
        """How many numbers were computed anew."""
        count, total = len(self.changed), len(self.project.graph.nodes)
        text = ngettext(
            "{count} of {total} numbers is new.", "{count} of {total} numbers are new.", count
        )
        return text.format(count=count, total=total)

    def facts(self) -> Mapping[str, float]:
        """How many changed, and which was chosen."""
        return {"changed": len(self.changed), self.input: self.value}

    def acted(self, control: str, place: int = 0) -> Ripple:
        """Another input, or another value."""
        if control == "value":
            return replace(self, place=place)
        return replace(self, chosen=int(control.split()[1]), place=SHARES.index(1.0))

    def pointed(self, x: float, y: float, *, first: bool = True) -> Ripple:
        """Choose the input there, or drag its value."""
        if not first:
            return replace(self, place=min(len(SHARES) - 1, max(0, round(x * len(SHARES)))))
        spots = network.places(self.project)
        for number, name in enumerate(self.inputs):
            if abs(spots[name][0] - x) < BOX[0] / 2 and abs(spots[name][1] - y) < BOX[1] / 2:
                return self.acted(f"input {number}")
        return self

    def pushed(self, right: int, down: int) -> Ripple:
        """Up and down choose, left and right change."""
        if down:
            return self.acted(f"input {(self.chosen + down) % len(self.inputs)}")
        return replace(self, place=min(len(SHARES) - 1, max(0, self.place + right)))


def begin(of: str, project: Project | None) -> Ripple:
    """`price, tax`: the inputs that may be changed."""
    project = network.needed(project)
    names = tuple(name.strip() for name in of.split(","))
    for name in names:
        network.typed(project, name)
    return Ripple(project, names)
