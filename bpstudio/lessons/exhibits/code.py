"""A multiply gate as code, in step with what it computes: forward keeps, backward uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Shape, Words
from bpstudio.playback.digits import significant
from bpstudio.project.project import Project

LINES = (
    "class MultiplyGate:",
    "    def forward(self, x, y):",
    "        z = x * y",
    "        self.x, self.y = x, y",
    "        return z",
    "    def backward(self, dz):",
    "        dx = self.y * dz",
    "        dy = self.x * dz",
    "        return [dx, dy]",
)
STEPS = (2, 3, 4, 6, 7, 8)
"""The lines that do something, in the order in which they run."""


@dataclass(frozen=True, eq=False)
class GateAsCode(Exhibit):
    """How many of the gate's lines have run."""

    project: Project
    gate: str
    run: int = 0

    height = 250

    def _numbers(self) -> tuple[str, ...]:
        """What each line comes to."""
        recording = network.run(self.project)
        x, y = (recording.values[ids[0]] for ids in self.project.graph[self.gate].sources.values())
        z, dz = recording.values[self.gate], recording.gradients[self.gate]
        dx, dy = (
            recording.contributions[self.gate, port, 0]
            for port in self.project.graph[self.gate].sources
        )
        texts = [significant(float(each.item())) for each in (x, y, z, dz, dx, dy)]
        x_, y_, z_, dz_, dx_, dy_ = texts
        return (
            f"z = {x_} × {y_} = {z_}",
            f"x = {x_}, y = {y_}",
            z_,
            f"dx = {y_} × {dz_} = {dx_}",
            f"dy = {x_} × {dz_} = {dy_}",
            f"[{dx_}, {dy_}]",
        )

    def controls(self) -> tuple[Control, ...]:
        """A line on, a line back."""
        return (
            Button("next", _("Next line"), enabled=self.run < len(STEPS)),
            Button("back", _("Line back"), enabled=self.run > 0),
        )

    def picture(self) -> tuple[Shape, ...]:
        """The lines; the one that ran last is lit, with its numbers."""
        shapes: list[Shape] = []
        lit = STEPS[self.run - 1] if self.run else -1
        for number, line in enumerate(LINES):
            y = 0.03 + number * 0.106
            if number == lit:
                role = "value" if self.run <= 3 else "gradient"
                shapes.append(Cell(0.01, y, 0.98, 0.1, "", role, 0.25, framed=False))
                text = self._numbers()[self.run - 1]
                shapes.append(Words(0.98, y + 0.05, text, role, 12, 1))
            indent = (len(line) - len(line.lstrip())) * 0.018
            shapes.append(Words(0.03 + indent, y + 0.05, line.lstrip(), "text", 12, -1))
        return tuple(shapes)

    def said(self) -> str:
        """The line and what it came to."""
        if not self.run:
            return _("Nothing has run yet.")
        return f"{LINES[STEPS[self.run - 1]].strip()}   →   {self._numbers()[self.run - 1]}"

    def facts(self) -> Mapping[str, float]:
        """How many lines have run."""
        return {"lines": self.run, "done": float(self.run == len(STEPS))}

    def acted(self, control: str, place: int = 0) -> GateAsCode:
        """A line on or back."""
        by = 1 if control == "next" else -1
        return replace(self, run=min(len(STEPS), max(0, self.run + by)))

    def pointed(self, x: float, y: float, *, first: bool = True) -> GateAsCode:
        """A press runs the next line."""
        return self.acted("next") if first else self

    def pushed(self, right: int, down: int) -> GateAsCode:
        """A line on or back."""
        return self.acted("next" if right + down > 0 else "back")

    def entered(self) -> GateAsCode:
        """The next line."""
        return self.acted("next")


def begin(of: str, project: Project | None) -> GateAsCode:
    """`f`: a multiply gate."""
    made = GateAsCode(network.needed(project), of)
    if made.project.graph.nodes[of].op.name != "multiply":
        raise ValueError(of)
    return made
