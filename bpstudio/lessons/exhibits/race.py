"""Two ways to all slopes of a network: a run forward for every weight, or one sweep back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bpstudio.engine.run import Recording
from bpstudio.language import _
from bpstudio.lessons import keys
from bpstudio.lessons.exhibits import network
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Shape, Words
from bpstudio.project.project import Project

H = 1e-5


@dataclass(frozen=True, eq=False)
class Race(Exhibit):
    """The slopes that differences have found so far; the sweep back has all of them at once."""

    project: Project
    found: tuple[float, ...] = ()
    running: bool = False
    swept: bool = False

    height = 170

    @cached_property
    def start(self) -> Recording:
        """The network as it is."""
        return keys.recording_of(self.project)

    @cached_property
    def exact(self) -> tuple[float, ...]:
        """All slopes by the backward pass, one behind the other."""
        gradients = self.start.weight_gradients
        return tuple(
            float(entry) for key in self.project.weights for entry in gradients[key].ravel()
        )

    @property
    def numbers(self) -> int:
        """How many weights there are."""
        return len(self.exact)

    @property
    def passes(self) -> int:
        """How many runs forward the differences took: one to begin with, one for each weight."""
        return len(self.found) + 1 if self.found else 0

    @property
    def apart(self) -> float:
        """By how much both ways differ at most, relative to the largest slope."""
        largest = max(map(abs, self.exact))
        pairs = zip(self.found, self.exact, strict=False)
        return max((abs(a - b) for a, b in pairs), default=0.0) / largest

    def _slope(self, number: int) -> float:
        """One slope by a nudge forward."""
        for key, array in self.project.weights.items():
            if number < array.size:
                nudged = array.copy()
                nudged.ravel()[number] += H
                moved = replace(self.project, weights={**self.project.weights, key: nudged})
                after = keys.recording_of(moved).forward[-1].output.item()
                return float(after - self.start.forward[-1].output.item()) / H
            number -= array.size
        raise IndexError(number)

    def controls(self) -> tuple[Control, ...]:
        """Begin both; one pass of the differences; all again."""
        over = len(self.found) == self.numbers
        return (
            Button("go", _("Pause") if self.running else _("Go"), enabled=not over),
            Button("step", _("One weight"), enabled=not over),
            Button("begin", _("From the start"), enabled=self.swept),
        )

    def picture(self) -> tuple[Shape, ...]:
        """Two tracks with their counters."""
        share = len(self.found) / self.numbers
        rows = (
            (_("Backpropagation"), 1.0 if self.swept else 0.0, 2 if self.swept else 0, "gradient"),
            (_("Numeric"), share, self.passes, "value"),
        )
        shapes: list[Shape] = []
        for number, (name, done, passes, role) in enumerate(rows):
            y = 0.08 + 0.47 * number
            counted = _("{name}: {count} passes").format(name=name, count=passes)
            shapes.append(Words(0.03, y + 0.06, counted, "text", 13, -1))
            shapes.append(Cell(0.03, y + 0.14, 0.94, 0.2, "", "border", 0.1))
            if done:
                shapes.append(Cell(0.03, y + 0.14, 0.94 * done, 0.2, "", role, 0.6))
        return tuple(shapes)

    def said(self) -> str:
        """The counters, and how near both are."""
        text = _("{found} of {numbers} slopes by differences, after {passes} runs forward.")
        words = text.format(found=len(self.found), numbers=self.numbers, passes=self.passes)
        if len(self.found) == self.numbers:
            words += " " + _("They differ by {apart} at most.").format(apart=f"{self.apart:.0e}")
        return words

    def facts(self) -> Mapping[str, float]:
        """How many passes, and whether it is over."""
        over = len(self.found) == self.numbers
        return {"passes": self.passes, "over": float(over), "agree": float(self.apart < 1e-3)}

    def acted(self, control: str, place: int = 0) -> Race:
        """Go or pause, one weight, or from the start."""
        if control == "go":
            return replace(self, running=not self.running, swept=True)
        if control == "begin":
            return Race(self.project)
        return self._on()

    def _on(self) -> Race:
        if len(self.found) == self.numbers:
            return replace(self, running=False)
        found = (*self.found, self._slope(len(self.found)))
        going = self.running and len(found) < self.numbers
        return replace(self, found=found, running=going, swept=True)

    def pointed(self, x: float, y: float, *, first: bool = True) -> Race:
        """A press lets it go or stop."""
        return self.acted("go") if first and len(self.found) < self.numbers else self

    def pushed(self, right: int, down: int) -> Race:
        """One weight on."""
        return self._on() if right > 0 else self

    def entered(self) -> Race:
        """Go or stop."""
        return self.pointed(0.5, 0.5)

    def ticked(self) -> Race | None:
        """The next weight."""
        return self._on() if self.running else None


def begin(_of: str, project: Project | None) -> Race:
    """For any network with weights."""
    made = Race(network.needed(project))
    if not np.isfinite(made.exact).all() or not made.exact:
        raise ValueError(_of)
    return made
