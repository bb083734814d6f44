"""Gates of arithmetic: the lecture's distributor, switcher and router, and their neighbours."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op


class Add(Op):
    """Adds its inputs. Backward it is a distributor: both get the upstream gradient unchanged."""

    symbol = "+"
    aliases = ("plus", "sum", "distributor")
    formula = "y = a + b"
    gradients = {"a": "g", "b": "g"}
    exports = {"onnx": "Add"}

    def forward(self, a: Array, b: Array) -> Array:
        return np.add(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {"a": g, "b": g}


class Multiply(Op):
    """Multiplies its inputs. Backward it is a switcher: each gets the other's value times g."""

    symbol = "×"
    aliases = ("times", "product", "switcher")
    formula = "y = a · b"
    gradients = {"a": "g · b", "b": "g · a"}
    exports = {"onnx": "Mul"}

    def forward(self, a: Array, b: Array) -> Array:
        return np.multiply(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {"a": g * b, "b": g * a}
