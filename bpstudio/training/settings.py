"""How a network is trained, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from bpstudio.engine.clipping import Clipping
from bpstudio.engine.optimizers import SGD, Optimizer
from bpstudio.training.schedules import Constant, Schedule

UNPENALISED = ("bias", "scale", "slope")
"""Weights that only shift or scale: a penalty would pull them for no reason."""


def penalised(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of the weights that penalties act on."""
    return tuple(key for key in keys if key.partition(".")[2] not in UNPENALISED)


@dataclass(frozen=True)
class Settings:
    """What a person sets before or during training; a change holds from the next step on.

    `batch` is the number of rows a step sees (None: all of them). `l2` is λ of the penalty
    λ/2 · ‖W‖² on the weights, `l1` that of λ · Σ|W|; biases and what else only shifts or scales is
    left out. Penalties act on the gradients and are terms of their own, never part of the reported
    loss. `schedule` changes the learning rate from step to step. `clip_norm` and `clip_value` bound
    the gradient, penalties included, as a whole and entry by entry (None: they do not). `frozen`
    names nodes whose weights do not change. `seed` keys the starting weights, the order of the
    batches and all noise.
    """

    optimizer: Optimizer = field(default_factory=lambda: SGD())
    batch: int | None = None
    l2: float = 0.0
    seed: int = 1
    frozen: frozenset[str] = frozenset()
    l1: float = 0.0
    schedule: Schedule = field(default_factory=lambda: Constant())
    clip_norm: float | None = None
    clip_value: float | None = None

    @property
    def clipping(self) -> Clipping:
        """How the gradient is cut short."""
        return Clipping(self.clip_norm, self.clip_value)
