"""Rectifiers: ReLU's relatives, which let something through on the left too, or bend smoothly."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op, Weight, setting
from bpstudio.engine.ops.activation import Sigmoid
from bpstudio.engine.shapes import Shape
from bpstudio.engine.special import erf
from bpstudio.language import N_


class LeakyReLU(Op):
    """Passes positives and damps the rest. Unlike ReLU it never blocks the gradient completely, so
    a unit cannot die."""

    slope: float = setting(0.01, low=0.0, high=1.0, help=N_("The slope left of zero."))

    symbol, category = "LReLU", "activation"
    aliases = ("rectifier", "lrelu", "leak", "리키 렐루", "누설 렐루", "활성화")
    formula = "y = x if x > 0 else slope · x"
    gradients = {"x": "g if x > 0 else slope · g"}
    exports = {"onnx": "LeakyRelu", "torch": "torch.nn.functional.leaky_relu"}

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, self.slope * x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.where(x > 0, g, self.slope * g)}


class PReLU(Op):
    """A leaky ReLU that learns its slope: one for all units, 0.25 at the start."""

    symbol, category = "PReLU", "activation"
    aliases = ("rectifier", "parametric", "learned slope", "파라미터 렐루", "활성화")
    formula = "y = x if x > 0 else slope · x"
    gradients = {"x": "g if x > 0 else slope · g", "slope": "0 if x > 0 else g · x"}
    exports = {"onnx": "PRelu", "torch": "torch.nn.functional.prelu"}
    samples = ({"x": (2, 3)}, {"x": ()}, {"x": (4,)}, {"x": (2, 3, 4)})

    def forward(self, x: Array, slope: Weight) -> Array:
        return np.where(x > 0, x, slope * x)

    def backward(self, g: Array, y: Array, x: Array, slope: Array) -> Gradients:
        right = x > 0
        return {"x": np.where(right, g, slope * g), "slope": np.where(right, 0.0, g * x)}

    def shape(self, x: Shape, slope: Shape) -> Shape:
        return x

    def weight_shapes(self, x: Shape) -> Mapping[str, tuple[int, ...]]:
        return {"slope": ()}

    def initials(self) -> Mapping[str, str | float]:
        # He, Zhang, Ren and Sun 2015; as torch.nn.PReLU.
        return {"slope": 0.25}


class ELU(Op):
    """Passes positives; negatives bend smoothly towards -alpha. Outputs stay closer to 0 on
    average than ReLU's."""

    alpha: float = setting(1.0, low=0.0, help=N_("How far below zero it can go."))

    symbol, category = "ELU", "activation"
    aliases = ("rectifier", "exponential linear unit", "엘루", "지수 선형", "활성화")
    formula = "y = x if x > 0 else alpha · (exp(x) - 1)"
    gradients = {"x": "g if x > 0 else g · alpha · exp(x)"}
    exports = {"onnx": "Elu", "torch": "torch.nn.functional.elu"}

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0.0)))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.where(x > 0, g, g * (self.alpha * np.exp(np.minimum(x, 0.0))))}


class GELU(Op):
    """The input times the share of a bell curve that lies left of it: nearly ReLU, but round.
    Transformers use it."""

    symbol, category = "GELU", "activation"
    aliases = ("gaussian error linear unit", "rectifier", "겔루", "가우시안", "활성화")
    formula = "y = x · (1 + erf(x / sqrt(2))) / 2"
    gradients = {
        "x": "g · ((1 + erf(x / sqrt(2))) / 2 + x · exp(-x ^ 2 / 2) / sqrt(2 · 3.141592653589793))"
    }
    exports = {"onnx": "Gelu", "torch": "torch.nn.functional.gelu"}

    def forward(self, x: Array) -> Array:
        return x * (0.5 * (1.0 + erf(x * _ROOT)))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        share = 0.5 * (1.0 + erf(x * _ROOT))
        return {"x": g * (share + x * (_BELL * np.exp(-0.5 * (x * x))))}


class SiLU(Op):
    """The input times its own sigmoid: nearly ReLU, but smooth, with a dip below 0. Also called
    swish."""

    symbol, category = "SiLU", "activation"
    aliases = ("swish", "sigmoid linear unit", "rectifier", "실루", "스위시", "활성화")
    formula = "y = x / (1 + exp(-x))"
    gradients = {"x": "g · (1 + x - y) / (1 + exp(-x))"}
    exports = {"torch": "torch.nn.functional.silu"}

    def forward(self, x: Array) -> Array:
        return x * Sigmoid().forward(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * (Sigmoid().forward(x) * (1.0 + x - y))}


class Softplus(Op):
    """A ReLU with a round corner. Its slope is the sigmoid."""

    symbol, category = "softplus", "activation"
    aliases = ("smooth relu", "rectifier", "소프트플러스", "활성화")
    formula = "y = log(1 + exp(x))"
    gradients = {"x": "g / (1 + exp(-x))"}
    exports = {"onnx": "Softplus"}

    def forward(self, x: Array) -> Array:
        return np.logaddexp(x, 0.0)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * Sigmoid().forward(x)}


_ROOT, _BELL = math.sqrt(0.5), 1.0 / math.sqrt(2.0 * math.pi)
