"""How the learning rate changes while training goes on."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar, dataclass_transform

from bpstudio.engine.op import check_setting, setting
from bpstudio.language import N_

schedules: dict[str, type[Schedule]] = {}
"""Every schedule by its name in files."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Schedule:
    """A factor for the learning rate at each step. It is a value; a step is counted from 0."""

    name: ClassVar[str]
    title: ClassVar[str]
    formula: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        """Make the class a frozen value and enter it in `schedules`."""
        cls.title = vars(cls).get("title") or cls.__name__
        cls.name = cls.title.lower()
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        schedules[cls.name] = cls

    def __post_init__(self) -> None:
        """Refuse a setting outside its range."""
        for each in dataclasses.fields(self):  # type: ignore[arg-type]
            check_setting(self.title, each, getattr(self, each.name))

    def factor(self, step: int) -> float:
        """What the learning rate is multiplied by at that step."""
        raise NotImplementedError

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]


dataclasses.dataclass(frozen=True, kw_only=True)(Schedule)


class Constant(Schedule):
    """The same learning rate at every step."""

    formula = "α"

    def factor(self, step: int) -> float:
        return 1.0


class Step(Schedule):
    """The learning rate falls by a factor after every so many steps."""

    every: int = setting(1000, low=1, help=N_("After how many steps it falls."))
    shrink: float = setting(0.5, low=0.0, high=1.0, help=N_("What it is multiplied by then."))

    formula = "α · shrink^⌊step / every⌋"

    def factor(self, step: int) -> float:
        return float(self.shrink ** (step // self.every))


class Cosine(Schedule):
    """The learning rate falls along half a cosine wave: slowly, fast, slowly; then it stays."""

    steps: int = setting(5000, low=1, help=N_("After how many steps it has fallen."))
    floor: float = setting(0.0, low=0.0, high=1.0, help=N_("The share of it that remains."))

    formula = "α · (floor + (1 − floor) · (1 + cos(π · step / steps)) / 2)"

    def factor(self, step: int) -> float:
        """Loshchilov and Hutter 2017, without restarts."""
        wave = 0.5 * (1.0 + math.cos(math.pi * min(step, self.steps) / self.steps))
        return self.floor + (1.0 - self.floor) * wave
