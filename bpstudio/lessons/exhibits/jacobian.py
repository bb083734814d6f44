"""The Jacobian of a ReLU of four numbers, live; and what one of 4096 would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpstudio.engine.jacobian import jacobian
from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Shape, Words
from bpstudio.playback.digits import significant
from bpstudio.project.project import Project

LARGE = 4096


@dataclass(frozen=True, eq=False)
class JacobianOfReLU(Exhibit):
    """x of a ReLU, whose signs can be turned one by one; `large` shows the sizes for 4096."""

    project: Project
    node: str
    gate: str
    large: bool = False
    at: int = 0

    height = 210

    @cached_property
    def x(self) -> Array:
        """The input."""
        return np.asarray(self.project.given[f"{self.node}.value"], dtype=float)

    @cached_property
    def matrix(self) -> Array:
        """The gate's own Jacobian, output by input."""
        graph, given = self.project.graph, self.project.given
        return jacobian(graph, given, {}, of=self.gate, with_respect_to=self.node)

    @property
    def ones(self) -> int:
        """How many entries are not 0."""
        return int(np.count_nonzero(self.matrix))

    def controls(self) -> tuple[Control, ...]:
        """A sign for each entry, and the large one."""
        signs = [
            Button(f"sign {i}", f"x{i + 1} = {significant(float(v))}", enabled=not self.large)
            for i, v in enumerate(self.x)
        ]
        return *signs, Button("large", f"{LARGE}", down=self.large)

    def picture(self) -> tuple[Shape, ...]:
        """The heat map, or two bars in the proportion of what they need."""
        if self.large:
            side, share = 0.8, 0.012
            return (
                Cell(0.05, 0.08, 0.42, side, _("Jacobian: 128 MiB"), "gradient", 0.35),
                Words(0.26, 0.95, f"{LARGE} × {LARGE} = {LARGE * LARGE:,}", "text", 12),
                Cell(0.55, 0.08 + side - share, 0.42, share, "", "value", 0.9),
                Words(0.76, 0.75, _("Mask: 4 kB"), "text", 13),
            )
        count = len(self.x)
        side = 0.84 / count
        shapes: list[Shape] = []
        for row in range(count):
            for column in range(count):
                value = float(self.matrix[row, column])
                x, y = 0.29 + column * side * 0.5, 0.08 + row * side
                text = significant(value)
                shapes.append(Cell(x, y, side * 0.5, side, text, "accent", 0.6 * abs(value)))
            mark = "▸ " if row == self.at else ""
            text = f"{mark}x{row + 1} = {significant(float(self.x[row]))}"
            shapes.append(Words(0.26, 0.08 + (row + 0.5) * side, text, "value", 12, 1))
        return tuple(shapes)

    def said(self) -> str:
        """How many entries are not 0, or what a large one costs."""
        if self.large:
            text = _("{cells} cells of 8 bytes are 128 MiB; a mask of {count} bytes does the same.")
            return text.format(cells=f"{LARGE * LARGE:,}", count=f"{LARGE:,}")
        text = _("{ones} of {cells} entries are 1, all on the diagonal.")
        return text.format(ones=self.ones, cells=self.matrix.size)

    def facts(self) -> Mapping[str, float]:
        """How many ones, and whether the large one is shown."""
        return {"ones": self.ones, "large": float(self.large)}

    def acted(self, control: str, place: int = 0) -> JacobianOfReLU:
        """Turn a sign, or show the large one."""
        if control == "large":
            return replace(self, large=not self.large)
        return self._turned(int(control.split()[1]))

    def _turned(self, entry: int) -> JacobianOfReLU:
        x = self.x.copy()
        x[entry] = -x[entry]
        return replace(self, project=network.with_value(self.project, self.node, x), at=entry)

    def pointed(self, x: float, y: float, *, first: bool = True) -> JacobianOfReLU:
        """Turn the sign of that row."""
        row = int((y - 0.08) / 0.84 * len(self.x))
        return self._turned(row) if first and not self.large and 0 <= row < len(self.x) else self

    def pushed(self, right: int, down: int) -> JacobianOfReLU:
        """Another row."""
        return replace(self, at=(self.at + down) % len(self.x))

    def entered(self) -> JacobianOfReLU:
        """Turn the sign of the row."""
        return self if self.large else self._turned(self.at)


def begin(of: str, project: Project | None) -> JacobianOfReLU:
    """`x -> r`: the typed vector, and the gate."""
    node, _arrow, gate = (part.strip() for part in of.partition("->"))
    made = JacobianOfReLU(network.needed(project), node, gate)
    made.project.given[f"{node}.value"]
    made.project.graph.nodes[gate]
    return made
