"""Gradients cut short before they move the weights, so that one steep place can't throw a net."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bpstudio.engine.op import Array

TINY = 1e-6
"""Added to the length that is divided by; as torch.nn.utils.clip_grad_norm_ does."""


@dataclass(frozen=True)
class Clipping:
    """The largest entry (`value`) and the largest length (`norm`) of the whole gradient.

    None leaves it as it is. Entries are cut first, then the whole is scaled down to the length;
    Pascanu, Mikolov and Bengio 2013.
    """

    norm: float | None = None
    value: float | None = None

    def applied(self, g: Array, rate: Array) -> Array:
        """The gradient of all weights in one vector, cut short.

        Weights whose own `rate` is 0 are frozen and do not count in the length. It keeps the rules
        of gates, because it is traced with the optimizer.
        """
        if self.value is not None:
            g = np.minimum(np.maximum(g, -self.value), self.value)
        if self.norm is not None:
            free = g if not rate.ndim else np.where(rate != 0, g, 0.0)
            length = np.sqrt(np.sum(free * free))
            g = g * np.minimum(self.norm / (length + TINY), 1.0)
        return g
