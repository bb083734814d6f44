"""The same points for a small net and for a large one, and what λ does to the large one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.lessons.exhibits import network, trained
from bpstudio.lessons.exhibits.exhibit import Button, Control, Dot, Exhibit, Plane, Shape, Slider
from bpstudio.project import build
from bpstudio.project.project import Project
from bpstudio.training.regions import classes_of, region_count

if TYPE_CHECKING:
    from bpstudio.training.together import Carried

UNITS = (3, 6, 20)
LAMBDAS = (0.0, 0.001, 0.01, 0.1)
STEPS, STRETCH = 4000, 200
REACH, CELLS, FINE = 4.0, 40, 101


@dataclass(frozen=True, eq=False)
class Capacity(Exhibit):
    """A net of so many hidden units with so strong a penalty, and how far it has come."""

    project: Project
    units: int = 0
    strength: int = 0
    carried: Carried | None = None
    running: bool = False

    height = 280

    @cached_property
    def net(self) -> Project:
        """The net as it begins, always from the same start."""
        assert self.project.data is not None
        made = build.network(
            self.project.data,
            (2, UNITS[self.units], 1),
            optimizer="adam",
            learning_rate=0.02,
            seed=3,
        )
        return replace(made, training=replace(made.training, l2=LAMBDAS[self.strength], batch=None))

    @property
    def now(self) -> Project:
        """The net as it is."""
        return trained.as_of(self.net, self.carried, 0)

    @property
    def step(self) -> int:
        """How many steps it took."""
        return 0 if self.carried is None else self.carried.step

    def _plane(self, cells: int) -> Array:
        points = trained.grid((-REACH, -REACH), (REACH, REACH), cells)
        return trained.answers(self.now, points).reshape(cells, cells)

    @cached_property
    def counted(self) -> tuple[float, float, int]:
        """The share that is right of the rows to train on and of the others, and the regions."""
        data = self.project.data
        assert data is not None
        right = (trained.answers(self.now, data.features) > 0.5) == (
            np.ravel(data.targets(1)) > 0.5
        )
        regions = region_count(classes_of(self._plane(FINE).reshape(-1, 1), FINE, 0.5))
        test = right[data.test_rows].mean() if len(data.test_rows) else np.nan
        return float(right[data.training_rows].mean()), float(test), regions

    def controls(self) -> tuple[Control, ...]:
        """The size, λ, and go."""
        sizes = [
            Button(f"units {i}", _("{count} hidden").format(count=count), down=i == self.units)
            for i, count in enumerate(UNITS)
        ]
        shown = f"λ = {LAMBDAS[self.strength]:g}"
        go = _("Pause") if self.running else _("Train")
        return (
            *sizes,
            Slider("lambda", _("Regularisation"), self.strength, len(LAMBDAS), shown),
            Button("go", go, enabled=self.step < STEPS),
        )

    def picture(self) -> tuple[Shape, ...]:
        """The decision, and the rows to train on."""
        data = self.project.data
        assert data is not None
        shapes: list[Shape] = [Plane(0.14, 0.02, 0.72, 0.96, self._plane(CELLS))]
        wanted = np.ravel(data.targets(1)) > 0.5
        for row in data.training_rows:
            x, y = data.features[row]
            across = 0.14 + 0.72 * (x + REACH) / (2 * REACH)
            down = 0.98 - 0.96 * (y + REACH) / (2 * REACH)
            shapes.append(Dot(across, down, "class1" if wanted[row] else "class0", 4.0))
        return tuple(shapes)

    def said(self) -> str:
        """The counters."""
        train, test, regions = self.counted
        text = _("Step {step}: train {train}, test {test}, {regions} regions.")
        return text.format(
            step=self.step, train=f"{train:.2f}", test=f"{test:.2f}", regions=regions
        )

    def facts(self) -> Mapping[str, float]:
        """The counters, and whether it is through."""
        train, test, regions = self.counted
        return {
            "units": UNITS[self.units],
            "lambda": LAMBDAS[self.strength],
            "train": train,
            "test": test,
            "regions": regions,
            "over": float(self.step >= STEPS),
            "islands": float(self.step >= STEPS and regions > 3),
            "smooth": float(self.step >= STEPS and self.units == 2 and regions <= 2),
        }

    def acted(self, control: str, place: int = 0) -> Capacity:
        """Another size or λ begins anew; go or pause."""
        if control == "go":
            return replace(self, running=not self.running and self.step < STEPS)
        if control == "lambda":
            return Capacity(self.project, self.units, place)
        return Capacity(self.project, int(control.split()[1]), self.strength)

    def pointed(self, x: float, y: float, *, first: bool = True) -> Capacity:
        """A press lets it go or stop."""
        return self.acted("go") if first else self

    def pushed(self, right: int, down: int) -> Capacity:
        """Left and right choose λ, up and down the size."""
        if right:
            return self.acted("lambda", min(len(LAMBDAS) - 1, max(0, self.strength + right)))
        return self.acted(f"units {(self.units + down) % len(UNITS)}")

    def entered(self) -> Capacity:
        """Go or stop."""
        return self.acted("go")

    def ticked(self) -> Capacity | None:
        """A stretch more."""
        if not self.running:
            return None
        carried = trained.further((self.net,), self.carried, self.step + STRETCH)
        return replace(self, carried=carried, running=carried.step < STEPS)


def begin(_of: str, project: Project | None) -> Capacity:
    """For a project with points of two classes in a plane."""
    made = Capacity(network.needed(project))
    if made.project.data is None or made.project.data.features.shape[1] != 2:
        raise ValueError(_of)
    return made
