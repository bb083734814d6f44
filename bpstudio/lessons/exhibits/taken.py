"""Taken home: the network is exported, run by itself, and its numbers are compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bpstudio.language import _
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Errand, Exhibit, Shape, Words
from bpstudio.project.project import Project

NAMES: Mapping[str, str] = {"numpy": "NumPy", "pytorch": "PyTorch", "onnx": "ONNX"}
"""What it can be taken to, by the name of the format."""
LEAST, MOST = -18.0, 0.0
"""The powers of ten at both ends of the scale of differences."""


def _most(format: str) -> float:
    """The largest difference that is allowed."""
    # With it come all exporters; few look at this, and each lesson would wait for them.
    from bpstudio.exchange.verify import TOLERANCES

    return TOLERANCES[format]


@dataclass(frozen=True, eq=False)
class Taken(Exhibit):
    """The largest difference for each format that was tried, or why there is none."""

    project: Project
    chosen: str = "numpy"
    running: bool = False
    apart: Mapping[str, float] = field(default_factory=dict)
    trouble: str = ""

    height = 190

    def controls(self) -> tuple[Control, ...]:
        """Take it to one of them."""
        return tuple(
            Button(format, name, enabled=not self.running) for format, name in NAMES.items()
        )

    def picture(self) -> tuple[Shape, ...]:
        """A bar for each difference, on a scale of powers of ten, with the largest allowed."""
        shapes: list[Shape] = []
        for number, (format, name) in enumerate(NAMES.items()):
            y = 0.06 + 0.3 * number
            role = "accent" if format == self.chosen else "border"
            shapes.append(Words(0.02, y + 0.07, name, "text", 13, -1))
            shapes.append(Cell(0.27, y, 0.71, 0.14, "", role, 0.06))
            if format in self.apart:
                found = self.apart[format]
                share = self._place(found)
                if share > 0:
                    shapes.append(Cell(0.27, y, 0.71 * share, 0.14, "", "value", 0.45))
                said = f"{found:.1e}" if found else "0"
                shapes.append(Words(0.98, y + 0.07, said, "text", 12, 1))
            most = _most(format)
            allowed = 0.27 + 0.71 * self._place(most)
            words = _("allowed: {most}").format(most=f"{most:.0e}")
            shapes.append(Cell(allowed - 0.003, y - 0.02, 0.006, 0.18, "", "update", 1.0))
            shapes.append(Words(allowed, y + 0.21, words, "muted", 10, 0))
        return tuple(shapes)

    @staticmethod
    def _place(difference: float) -> float:
        if not difference:
            return 0.0
        return min(1.0, max(0.0, (math.log10(difference) - LEAST) / (MOST - LEAST)))

    def said(self) -> str:
        """What was found last."""
        name = NAMES[self.chosen]
        if self.running:
            return _("{name} runs the exported network …").format(name=name)
        if self.trouble:
            return self.trouble
        if self.chosen not in self.apart:
            return _("Choose where it is exported to. It is run there, and compared.")
        found = self.apart[self.chosen]
        text = _("{name} ran the exported network. The largest difference: {apart}.")
        return text.format(name=name, apart=f"{found:.1e}" if found else "0")

    def facts(self) -> Mapping[str, float]:
        """How many were compared, and whether all agree."""
        agree = all(apart <= _most(format) for format, apart in self.apart.items())
        return {"compared": len(self.apart), "agree": float(bool(self.apart) and agree)}

    def acted(self, control: str, place: int = 0) -> Taken:
        """Export to that and run it."""
        if self.running or control not in NAMES:
            return self
        return replace(self, chosen=control, running=True, trouble="")

    def pointed(self, x: float, y: float, *, first: bool = True) -> Taken:
        """A press on a row exports to it."""
        row = int((y - 0.02) / 0.3)
        return self.acted(list(NAMES)[row]) if first and 0 <= row < len(NAMES) else self

    def pushed(self, right: int, down: int) -> Taken:
        """Up and down choose."""
        if self.running:
            return self
        names = list(NAMES)
        chosen = names[(names.index(self.chosen) + down + right) % len(names)]
        return replace(self, chosen=chosen, trouble="")

    def entered(self) -> Taken:
        """Export to the chosen one."""
        return self.acted(self.chosen)

    def errand(self) -> Errand | None:
        """The export that is to be run."""
        return Errand(self.project, self.chosen) if self.running else None

    def answered(self, difference: float | None, trouble: str) -> Taken:
        """What it gave."""
        if difference is None:
            return replace(self, running=False, trouble=trouble)
        return replace(self, running=False, apart={**self.apart, self.chosen: difference})


def begin(_of: str, project: Project | None) -> Taken:
    """For any network that can be exported."""
    return Taken(network.needed(project))
