"""What the losses of a training say about it."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_

WORSE = 10.0
"""So many times its first loss a training must lose at its end to count as diverged."""
LAST = 10
"""Its end are as many steps, so that one unlucky batch does not count."""


def diverged(losses: Array, learning_rate: float) -> StudioError | None:
    """Why a training went the wrong way, or None for one that did not.

    `losses` has the loss of every step since the weights were drawn. A loss that is not finite
    ends a training by itself; this one finds those that stay finite, because a gate saturates,
    while the weights are thrown back and forth.
    """
    if len(losses) < 2:
        return None
    first, last = float(losses[0]), float(np.median(losses[-LAST:]))
    if not last > WORSE * abs(first):
        return None
    return StudioError(
        N_(
            "The training diverged: in {steps} steps the loss rose from {first} to {last}. "
            "Try a learning rate smaller than {rate}."
        ),
        steps=len(losses),
        first=f"{first:.4g}",
        last=f"{last:.4g}",
        rate=f"{learning_rate:g}",
    )
