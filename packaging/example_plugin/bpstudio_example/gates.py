"""A gate that the studio does not have."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op


class BentIdentity(Op):
    """Nearly the input itself, bent a little at zero: its slope goes from one half to three halves.

    It never saturates, so it never stops the gradient.
    """

    symbol, category = "⌇", "activation"
    aliases = ("activation", "굽은 항등", "활성화")
    formula = "y = (sqrt(x ^ 2 + 1) - 1) / 2 + x"
    gradients = {"x": "g · (x / (2 · sqrt(x ^ 2 + 1)) + 1)"}

    def forward(self, x: Array) -> Array:
        """The input, bent upwards."""
        return (np.sqrt(x * x + 1.0) - 1.0) / 2.0 + x

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        """The upstream gradient times a slope between one half and three halves."""
        return {"x": g * (x / (2.0 * np.sqrt(x * x + 1.0)) + 1.0)}
