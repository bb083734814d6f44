"""A hundred small networks learn XOR from a hundred starts, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.lessons.exhibits import trained
from bpstudio.lessons.exhibits.exhibit import Button, Cell, Control, Exhibit, Plane, Shape
from bpstudio.project import build
from bpstudio.project.project import Project

if TYPE_CHECKING:
    from bpstudio.training.together import Carried

NETS, ACROSS = 100, 20
UNITS = (1, 2, 4, 8)
STEPS, STRETCH = 5000, 250
CLOSE = 0.1
"""A net has solved it when every answer is so near."""
CELLS = 8


@dataclass(frozen=True, eq=False)
class Wall(Exhibit):
    """How many hidden units, and how far the nets have come."""

    units: int = 1
    carried: Carried | None = None
    running: bool = False
    starts: tuple[Project, ...] = ()
    before: tuple[bool, ...] = (False,) * NETS
    """Which were right at the end of an earlier stretch."""

    height = 260

    @property
    def step(self) -> int:
        """How many steps they took."""
        return 0 if self.carried is None else self.carried.step

    @cached_property
    def answers(self) -> Array:
        """What each answers, a row for each: over the plane, then to the data."""
        points = trained.grid((-0.5, -0.5), (1.5, 1.5), CELLS)
        asked = np.concatenate([points, self._data.features])
        return np.array(
            [
                trained.answers(trained.as_of(net, self.carried, number), asked)
                for number, net in enumerate(self.starts)
            ]
        )

    @cached_property
    def planes(self) -> Array:
        """What each answers over the plane."""
        return self.answers[:, : CELLS**2].reshape(-1, CELLS, CELLS)

    @cached_property
    def solved(self) -> tuple[bool, ...]:
        """Which were right at the end of some stretch: there learning is over, for the count."""
        if self.carried is None:
            return self.before
        wrong = abs(self.answers[:, CELLS**2 :] - np.ravel(self._data.targets(1)))
        return tuple((np.array(self.before) | (wrong < CLOSE).all(axis=1)).tolist())

    def controls(self) -> tuple[Control, ...]:
        """How many hidden units, and go."""
        units = [
            Button(f"units {i}", _("{count} hidden").format(count=count), down=i == self.units)
            for i, count in enumerate(UNITS)
        ]
        go = _("Pause") if self.running else _("Go")
        return *units, Button("go", go, enabled=self.step < STEPS)

    def picture(self) -> tuple[Shape, ...]:
        """A plane for each, framed where it is solved."""
        rows = NETS // ACROSS
        wide, high = 1 / ACROSS, 1 / rows
        shapes: list[Shape] = []
        for number, plane in enumerate(self.planes):
            x, y = number % ACROSS * wide, number // ACROSS * high
            shapes.append(Plane(x + 0.08 * wide, y + 0.08 * high, 0.84 * wide, 0.84 * high, plane))
            if self.solved[number]:
                frame = Cell(x + 0.04 * wide, y + 0.04 * high, 0.92 * wide, 0.92 * high)
                shapes.append(replace(frame, role="value", strength=0.0))
        return tuple(shapes)

    def said(self) -> str:
        """How many have solved it."""
        text = _(
            "{solved} of {nets} have solved XOR after {step} steps, with {units} hidden units."
        )
        units = UNITS[self.units]
        return text.format(solved=sum(self.solved), nets=NETS, step=self.step, units=units)

    def facts(self) -> Mapping[str, float]:
        """How many units, steps and solved ones."""
        over = float(self.step >= STEPS)
        solved = sum(self.solved)
        return {"units": UNITS[self.units], "solved": solved, "step": self.step, "over": over}

    def acted(self, control: str, place: int = 0) -> Wall:
        """Another size, or go."""
        if control == "go":
            return replace(self, running=not self.running and self.step < STEPS)
        return of_units(int(control.split()[1]))

    def pointed(self, x: float, y: float, *, first: bool = True) -> Wall:
        """A press lets them go or stop."""
        return self.acted("go") if first else self

    def pushed(self, right: int, down: int) -> Wall:
        """Another size."""
        return of_units((self.units + right) % len(UNITS))

    def entered(self) -> Wall:
        """Go or stop."""
        return self.acted("go")

    def ticked(self) -> Wall | None:
        """A stretch more."""
        if not self.running:
            return None
        carried = trained.further(self.starts, self.carried, self.step + STRETCH)
        return replace(self, carried=carried, before=self.solved, running=carried.step < STEPS)

    @property
    def _data(self) -> Dataset:
        data = self.starts[0].data
        assert data is not None
        return data


def of_units(place: int) -> Wall:
    """A hundred nets of that size, each with its own start."""
    net = build.network(toys.make("xor"), (2, UNITS[place], 1), learning_rate=0.5, optimizer="sgd")
    starts = []
    for seed in range(NETS):
        chance = np.random.RandomState(seed)
        weights = {
            key: np.zeros_like(array) if key.endswith("bias") else chance.randn(*array.shape)
            for key, array in net.weights.items()
        }
        starts.append(replace(net, weights=weights))
    return Wall(place, starts=tuple(starts))


def begin(_of: str, _project: Project | None) -> Wall:
    """With 2 hidden units at first."""
    return of_units(1)
