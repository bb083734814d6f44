"""Activations: what makes a network more than one straight line."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op, setting
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


class HardSigmoid(Op):
    """A sigmoid made of three straight lines: 0, a ramp from -3 to 3, and 1. Cheap, and flat on
    both sides, where no gradient goes through."""

    symbol, category = "hard σ", "activation"
    aliases = ("hard logistic", "squash", "하드 시그모이드", "활성화")
    formula = "y = clip(x / 6 + 0.5, 0, 1)"
    gradients = {"x": "g / 6 if abs(x) < 3 else 0"}
    exports = {"onnx": "HardSigmoid"}

    def forward(self, x: Array) -> Array:
        return np.minimum(np.maximum(x / 6.0 + 0.5, 0.0), 1.0)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.where(np.absolute(x) < 3.0, g / 6.0, 0.0)}


class Step(Op):
    """The perceptron's yes or no: 1 for positive inputs, else 0. It is flat everywhere, so no
    gradient comes back and nothing before it can learn."""

    symbol, category = "step", "activation"
    aliases = ("perceptron", "heaviside", "threshold", "계단 함수", "퍼셉트론", "활성화")
    formula = "y = 1 if x > 0 else 0"
    gradients = {"x": "0"}

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, np.ones_like(x), 0.0)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.zeros_like(x)}


class Maxout(Op):
    """The largest of each few neighbours of a row. After a dense layer a unit is then the largest
    of several straight lines, whose bend the layer learns; at a tie each gets an equal share."""

    pieces: int = setting(2, low=1, help=N_("How many neighbours make one output."))

    symbol, category = "maxout", "activation"
    aliases = ("largest", "piecewise linear", "맥스아웃", "최대", "활성화")
    formula = "y = largest_of(x, pieces)"
    gradients = {
        "x": (
            "repeated(g / sum_of(x == repeated(y, pieces), pieces), pieces)"
            " · (x == repeated(y, pieces))"
        )
    }
    samples = ({"x": (6,)}, {"x": (4, 6)}, {"x": (2, 3, 12)})

    def forward(self, x: Array) -> Array:
        y: Array = np.max(self._groups(x), axis=-1)
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        groups = self._groups(x)
        largest = np.where(groups == np.expand_dims(y, -1), np.ones_like(groups), 0.0)
        shares = np.expand_dims(g, -1) / np.sum(largest, axis=-1, keepdims=True)
        return {"x": np.reshape(largest * shares, x.shape)}

    def shape(self, x: Shape) -> Shape:
        if x.features and x.features[-1] % self.pieces == 0:
            return Shape((*x.features[:-1], x.features[-1] // self.pieces), x.batched)
        raise self.clash(
            N_(
                "{label} takes {pieces} neighbours of a row together, but {x} gives ({shape}). "
                "Give the layer before a multiple of {pieces} units."
            ),
            pieces=self.pieces,
            shape=x,
        )

    def _groups(self, x: Array) -> Array:
        return np.reshape(x, (*x.shape[:-1], x.shape[-1] // self.pieces, self.pieces))


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
