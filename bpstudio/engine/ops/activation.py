"""Activations: what makes a network more than one straight line."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op
from bpstudio.engine.shapes import Shape
from bpstudio.language import N_


class Sigmoid(Op):
    """Squeezes any number between 0 and 1. Its slope is at most 1/4, so the gradient shrinks at
    every sigmoid that it passes."""

    symbol, category = "σ", "activation"
    aliases = ("logistic", "squash", "시그모이드", "활성화")
    formula = "y = 1 / (1 + exp(-x))"
    gradients = {"x": "g · y · (1 - y)"}
    exports = {"onnx": "Sigmoid", "torch": "torch.sigmoid"}

    def forward(self, x: Array) -> Array:
        # Where exp would overflow, the result is 0 to the last digit anyway.
        return 1.0 / (1.0 + np.exp(np.minimum(-x, _largest_exponent(x.dtype))))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * (y * (1.0 - y))}


class Tanh(Op):
    """Squeezes any number between -1 and 1, with 0 in the middle. Its slope is 1 at 0 and fades
    on both sides."""

    symbol, category = "tanh", "activation"
    aliases = ("hyperbolic tangent", "squash", "하이퍼볼릭 탄젠트", "쌍곡탄젠트", "활성화")
    formula = "y = tanh(x)"
    gradients = {"x": "g · (1 - y ^ 2)"}
    exports = {"onnx": "Tanh", "torch": "torch.tanh", "numpy": "np.tanh"}

    def forward(self, x: Array) -> Array:
        return np.tanh(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * (1.0 - y * y)}


class ReLU(Op):
    """Passes positives and stops the rest. The gradient goes through where the input is positive
    and nowhere else."""

    symbol, category = "ReLU", "activation"
    aliases = ("rectifier", "ramp", "렐루", "활성화")
    formula = "y = max(x, 0)"
    gradients = {"x": "g if x > 0 else 0"}
    exports = {"onnx": "Relu", "torch": "torch.relu"}

    def forward(self, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.where(x > 0, g, 0.0)}


class Softmax(Op):
    """Turns the numbers of a row into probabilities, which add up to 1. Pushing one up pushes the
    others down."""

    symbol, category = "softmax", "activation"
    aliases = ("probabilities", "normalised exponential", "소프트맥스", "확률", "활성화")
    formula = "y = exp(x) / sum(exp(x), -1)"
    gradients = {"x": "y · (g - sum(g · y, -1))"}
    exports = {"onnx": "Softmax", "torch": "torch.softmax"}
    samples = ({"x": (4,)}, {"x": (3, 4)}, {"x": (5, 1)}, {"x": (2, 3, 4)})

    def forward(self, x: Array) -> Array:
        raised = np.exp(x - np.max(x, axis=-1, keepdims=True))
        y: Array = raised / np.sum(raised, axis=-1, keepdims=True)
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": y * (g - np.sum(g * y, axis=-1, keepdims=True))}

    def shape(self, x: Shape) -> Shape:
        if x.features:
            return x
        raise self.clash(
            N_(
                "{label} needs several numbers per row, but {x} gives one. "
                "Use a sigmoid for a single number."
            )
        )


@cache
def _largest_exponent(dtype: np.dtype[Any]) -> float:
    """The largest whole x for which exp(x) is finite."""
    return float(math.floor(math.log(np.finfo(dtype).max)))
