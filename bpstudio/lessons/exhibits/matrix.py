"""A layer as neurons with wires, or as a matrix: the same numbers; a wire is a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import (
    Button,
    Cell,
    Control,
    Dot,
    Exhibit,
    Line,
    Shape,
    Words,
)
from bpstudio.playback.digits import significant
from bpstudio.project.project import Project


@dataclass(frozen=True, eq=False)
class LayerAsMatrix(Exhibit):
    """A layer of a network, the weight that is lit, and which of both is shown large."""

    project: Project
    node: str
    row: int = 0
    column: int = 0
    matrix: bool = False
    lit: int = 0

    height = 240

    @property
    def weight(self) -> Array:
        """Inputs by units."""
        return self.project.weights[f"{self.node}.weight"]

    def controls(self) -> tuple[Control, ...]:
        """The two ways to see it."""
        return (
            Button("neurons", _("Neurons"), down=not self.matrix),
            Button("matrix", _("Matrix"), down=self.matrix),
        )

    def _places(self) -> tuple[list[float], list[float]]:
        inputs, units = self.weight.shape
        return (
            [(i + 0.5) / inputs for i in range(inputs)],
            [(j + 0.5) / units for j in range(units)],
        )

    def picture(self) -> tuple[Shape, ...]:
        """Neurons and wires, or the cells of W; the lit one in both."""
        inputs, units = self._places()
        shapes: list[Shape] = []
        left, right = (0.06, 0.3) if self.matrix else (0.08, 0.6)
        for i, y in enumerate(inputs):
            for j, z in enumerate(units):
                mine = (i, j) == (self.row, self.column)
                role, width = ("accent", 4.0) if mine else ("border", 1.2)
                shapes.append(Line(((left, y), (right, z)), role, width))
        shapes += [Dot(left, y, "value", 9) for y in inputs]
        shapes += [Dot(right, z, "local", 9) for z in units]
        start = 0.4 if self.matrix else 0.7
        wide, high = (0.96 - start) / len(units), 0.8 / len(inputs)
        for i in range(len(inputs)):
            for j in range(len(units)):
                mine = (i, j) == (self.row, self.column)
                text = significant(float(self.weight[i, j])) if self.matrix else ""
                x, y = start + j * wide, 0.1 + i * high
                shapes.append(Cell(x, y, wide, high, text, "accent", 0.55 if mine else 0.05))
        shapes.append(Words(start, 0.05, "W", "text", 13, -1))
        return tuple(shapes)

    def said(self) -> str:
        """The lit weight."""
        text = _("From input {i} to neuron {j}: row {i}, column {j} of W is {weight}.")
        value = float(self.weight[self.row, self.column])
        return text.format(i=self.row + 1, j=self.column + 1, weight=significant(value))

    def facts(self) -> Mapping[str, float]:
        """Which weight is lit, and how often another was."""
        return {
            "row": self.row + 1,
            "column": self.column + 1,
            "lit": float(self.lit > 0),
            "matrix": float(self.matrix),
        }

    def acted(self, control: str, place: int = 0) -> LayerAsMatrix:
        """Neurons or matrix."""
        return replace(self, matrix=control == "matrix")

    def pointed(self, x: float, y: float, *, first: bool = True) -> LayerAsMatrix:
        """The weight of that cell, or of the wire nearest to that place."""
        inputs, units = self._places()
        start = 0.4 if self.matrix else 0.7
        if x >= start:
            column = min(len(units) - 1, int((x - start) / (0.96 - start) * len(units)))
            row = min(len(inputs) - 1, max(0, int((y - 0.1) / 0.8 * len(inputs))))
        else:
            left, right = (0.06, 0.3) if self.matrix else (0.08, 0.6)
            share = min(1.0, max(0.0, (x - left) / (right - left)))
            pairs = [(i, j) for i in range(len(inputs)) for j in range(len(units))]
            row, column = min(
                pairs,
                key=lambda pair: abs(
                    inputs[pair[0]] + share * (units[pair[1]] - inputs[pair[0]]) - y
                ),
            )
        return replace(self, row=row, column=column, lit=self.lit + 1)

    def pushed(self, right: int, down: int) -> LayerAsMatrix:
        """The cell beside."""
        rows, columns = self.weight.shape
        row, column = (self.row + down) % rows, (self.column + right) % columns
        return replace(self, row=row, column=column, lit=self.lit + 1)

    def entered(self) -> LayerAsMatrix:
        """The other way to see it."""
        return replace(self, matrix=not self.matrix)


def begin(of: str, project: Project | None) -> LayerAsMatrix:
    """`dense1`: the layer."""
    made = LayerAsMatrix(network.needed(project), of)
    if made.weight.ndim != 2:
        raise ValueError(of)
    return made
