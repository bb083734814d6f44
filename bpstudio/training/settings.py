"""How a network is trained, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bpstudio.engine.clipping import Clipping
from bpstudio.engine.op import Array
from bpstudio.engine.optimizers import SGD, Optimizer
from bpstudio.training.schedules import Constant, Schedule

UNPENALISED = ("bias", "scale", "slope")
"""Weights that only shift or scale: a penalty would pull them for no reason."""


def penalised(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The keys of the weights that penalties act on."""
    return tuple(key for key in keys if key.partition(".")[2] not in UNPENALISED)


@dataclass(frozen=True)
class StopRule:
    """What ends a run that was not given a number of steps; the first that holds counts.

    `steps` is the step at which it ends, counted from the start of the weights. `loss` and
    `accuracy` (0 to 1) are those over all rows to train on, without the penalty. `patience` is for
    how many epochs the loss may stay without improving: that of the test rows, where there are
    any. None leaves a condition out.
    """

    steps: int | None = None
    loss: float | None = None
    accuracy: float | None = None
    patience: int | None = None

    def __bool__(self) -> bool:
        """Whether there is any condition."""
        return self != StopRule()


@dataclass(frozen=True)
class Settings:
    """What a person sets before or during training; a change holds from the next step on.

    `batch` is the number of rows a step sees (None: all of them). `l2` is λ of the penalty
    λ/2 · ‖W‖² on the weights, `l1` that of λ · Σ|W|; biases and what else only shifts or scales is
    left out. Penalties act on the gradients and are terms of their own, never part of the reported
    loss. `schedule` changes the learning rate from step to step. `clip_norm` and `clip_value` bound
    the gradient, penalties included, as a whole and entry by entry (None: they do not). `frozen`
    names nodes whose weights do not change, `rates` has the nodes with a learning rate of their
    own, as pairs of id and factor, sorted. `stop` says when a run ends that was
    not given a number of steps. `seed` keys the starting weights, the order of the
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
    rates: tuple[tuple[str, float], ...] = ()
    stop: StopRule = field(default_factory=StopRule)

    @property
    def clipping(self) -> Clipping:
        """How the gradient is cut short."""
        return Clipping(self.clip_norm, self.clip_value)

    def factor(self, node: str) -> float:
        """What the learning rate of that node's weights is multiplied by: 0 where it is frozen."""
        return 0.0 if node in self.frozen else dict(self.rates).get(node, 1.0)

    def factors(self, keys: Iterable[str]) -> dict[str, float]:
        """The factors of these weights, by key, as far as they are not 1."""
        found = {key: self.factor(key.partition(".")[0]) for key in keys}
        return {key: factor for key, factor in found.items() if factor != 1.0}

    def penalty(self, weights: Mapping[str, Array]) -> float:
        """The penalty on these weights: λ/2 · ‖W‖² + λ₁ · Σ|W|, a term beside the loss."""
        if not (self.l1 or self.l2):
            return 0.0
        pulled = [weights[key] for key in penalised(tuple(weights))]
        with np.errstate(over="ignore"):
            squares = sum(float(np.square(weight).sum()) for weight in pulled)
            return self.l2 / 2 * squares + self.l1 * sum(float(np.abs(w).sum()) for w in pulled)


def given_over(settings: Settings, old: Iterable[str], new: Iterable[str]) -> Settings:
    """The settings when other nodes hold the weights of some: they learn as fast as all of these.

    Where these did not learn equally fast, the others learn like everybody.
    """
    gone, heirs = frozenset(old), frozenset(new)
    factors = {settings.factor(id) for id in gone}
    factor = factors.pop() if len(factors) == 1 else 1.0
    frozen = settings.frozen - gone | (heirs if factor == 0.0 else frozenset())
    rates = {id: own for id, own in settings.rates if id not in gone | heirs}
    if factor not in (0.0, 1.0):
        rates |= dict.fromkeys(heirs, factor)
    return replace(settings, frozen=frozen, rates=tuple(sorted(rates.items())))
