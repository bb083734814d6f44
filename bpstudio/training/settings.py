"""How a network is trained, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from bpstudio.engine.optimizers import SGD, Optimizer


@dataclass(frozen=True)
class Settings:
    """What a person sets before or during training; a change holds from the next step on.

    `batch` is the number of rows a step sees (None: all of them). `l2` is λ of the penalty
    λ/2 · ‖W‖² on the weights, biases left out; it acts on the gradients and is a term of its own,
    never part of the reported loss. `frozen` names nodes whose weights do not change. `seed` keys
    the starting weights, the order of the batches and all noise.
    """

    optimizer: Optimizer = field(default_factory=lambda: SGD())
    batch: int | None = None
    l2: float = 0.0
    seed: int = 1
    frozen: frozenset[str] = frozenset()
