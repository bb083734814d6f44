"""Several streams run back into one node and are added; a switch plants the usual mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bpstudio.engine.fault import Fault, Plant, planted
from bpstudio.engine.run import Recording
from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Line, Shape, Words
from bpstudio.playback.digits import significant
from bpstudio.project.project import Project

STREAMS = ("accent", "update", "local")


@dataclass(frozen=True, eq=False)
class Fork(Exhibit):
    """A node that goes several ways: how many streams came back yet, and whether with the fault."""

    project: Project
    node: str
    come: int = 0
    overwritten: bool = False

    height = 190

    @cached_property
    def recording(self) -> Recording:
        """The network run forward and backward."""
        return network.run(self.project)

    @cached_property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """Each gate that it feeds, and what comes back from there."""
        recording, found = self.recording, []
        for (target, port, slot), share in recording.contributions.items():
            sources = recording.graph[target].sources[port]
            if sources[slot] == self.node:
                found.append((f"{target}.{port}", float(share.item())))
        return tuple(found)

    @cached_property
    def total(self) -> float:
        """What the node has in the end, with the fault if that is planted."""
        recording = self.recording
        if self.overwritten:
            recording = planted(recording, Plant(Fault.OVERWRITE, self.node))
        return float(recording.gradients[self.node].item())

    @property
    def shown(self) -> float:
        """What stands at the node with as many streams as have come."""
        parts = [share for _name, share in self.parts[: self.come]]
        if self.come == len(self.parts):
            return self.total
        return (parts[-1] if self.overwritten else sum(parts)) if parts else 0.0

    def controls(self) -> tuple[Control, ...]:
        """The next stream, and the fault."""
        return (
            Button("next", _("Next stream"), enabled=self.come < len(self.parts)),
            Button("begin", _("From the start"), enabled=self.come > 0),
            Button("bug", _("Overwrite (= for +=)"), down=self.overwritten),
        )

    def picture(self) -> tuple[Shape, ...]:
        """The streams, the badge, and the sum."""
        parts = self.parts
        shapes: list[Shape] = []
        for number, (name, share) in enumerate(parts):
            y = (number + 1) / (len(parts) + 1)
            here = number < self.come
            role = STREAMS[number % len(STREAMS)]
            line = ((0.72, y), (0.5, y), (0.36, 0.5))
            shapes.append(Line(line, role, 4.0 if here else 1.4, dashed=not here))
            shapes.append(Cell(0.72, y - 0.1, 0.24, 0.2, name, role, 0.2))
            if here:
                shapes.append(Words(0.6, y - 0.08, significant(share), "gradient", 14))
        sign = "=" if self.overwritten else "+"
        shapes.append(Cell(0.3, 0.4, 0.08, 0.2, sign, "update", 0.4 if self.come > 1 else 0.1))
        text = f"{self.node}: {significant(self.shown)}" if self.come else self.node
        shapes.append(Cell(0.02, 0.36, 0.25, 0.28, text, "gradient", 0.15, ink="gradient"))
        return tuple(shapes)

    def said(self) -> str:
        """The sum, spelled out."""
        if not self.come:
            return _("No stream has come back yet.")
        parts = [significant(share) for _name, share in self.parts[: self.come]]
        if self.overwritten:
            text = _("Overwritten: of {parts} only {shown} is left. That is wrong.")
            return text.format(parts=", ".join(parts), shown=significant(self.shown))
        sum_text = " + ".join(f"({part})" for part in parts)
        return f"{sum_text} = {significant(self.shown)}"

    def facts(self) -> Mapping[str, float]:
        """What stands at the node, and whether all have come."""
        done = self.come == len(self.parts)
        return {
            "shown": self.shown,
            "done": float(done),
            "bug": float(done and self.overwritten),
            "sum": float(done and not self.overwritten),
        }

    def acted(self, control: str, place: int = 0) -> Fork:
        """A stream more, none, or the fault."""
        match control:
            case "next":
                return replace(self, come=min(len(self.parts), self.come + 1))
            case "begin":
                return replace(self, come=0)
        return replace(self, overwritten=not self.overwritten)

    def pointed(self, x: float, y: float, *, first: bool = True) -> Fork:
        """A press anywhere lets the next stream come."""
        return self.acted("next") if first else self

    def pushed(self, right: int, down: int) -> Fork:
        """Right: a stream more; left: one less."""
        return replace(self, come=min(len(self.parts), max(0, self.come + right)))

    def entered(self) -> Fork:
        """The next stream."""
        return self.acted("next")


def begin(of: str, project: Project | None) -> Fork:
    """`x`: the node whose streams are added."""
    made = Fork(network.needed(project), of)
    if len(made.parts) < 2:
        raise KeyError(of)
    return made
