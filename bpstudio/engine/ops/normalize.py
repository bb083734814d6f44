"""Gates that keep the numbers of a network in bounds, or keep it from learning by heart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpstudio.engine.op import Array, Gradients, Noise, Op, Statistic, Weight, setting
from bpstudio.engine.shapes import Shape
from bpstudio.language import N_


class Dropout(Op):
    """Switches off each number at random while training and enlarges the rest, so that the mean
    stays; afterwards it does nothing. No unit can then rely on one other alone."""

    rate: float = setting(0.5, low=0.0, high=0.95, help=N_("The share that is switched off."))

    symbol, category = "drop {rate:g}", "normalize"
    aliases = ("noise", "regularisation", "mask", "드롭아웃", "과적합", "규제")
    formula = "y = x · mask"
    gradients = {"x": "g · mask"}
    exports = {"torch": "torch.nn.functional.dropout"}
    samples = ({"x": (4, 3)}, {"x": (3,)}, {"x": ()}, {"x": (2, 3, 4)})

    def forward(self, x: Array, mask: Noise) -> Array:
        return x * mask

    def backward(self, g: Array, y: Array, x: Array, mask: Array) -> Gradients:
        return {"x": g * mask}

    def draw(
        self, rng: np.random.Generator | None, x: tuple[int, ...] = (), **_: Any
    ) -> Mapping[str, Array]:
        """A mask of 0 and 1 / (1 − rate), as Srivastava et al. 2014 but enlarged while training."""
        if rng is None:
            return {"mask": np.ones(x)}
        return {"mask": (rng.random(x) >= self.rate) / (1.0 - self.rate)}

    def shape(self, x: Shape, **_: Shape) -> Shape:
        return x


class BatchNorm(Op):
    """Shifts and scales each feature so that over the batch its mean is 0 and its variance 1, then
    by what it learns. Afterwards it uses the running means of training instead of the batch's."""

    momentum: float = setting(
        0.1, low=0.0, high=1.0, help=N_("How much of each batch goes into the running means.")
    )
    epsilon: float = setting(
        1e-5, low=1e-12, high=1.0, help=N_("Added to the variance, so that it is never 0.")
    )

    symbol, category = "batch norm", "normalize"
    aliases = ("batch normalisation", "standardise", "배치 정규화", "표준화", "정규화")
    formula = (
        "y = scale · (x - column_mean(x))"
        " / sqrt(column_mean((x - column_mean(x)) ^ 2) + epsilon) + bias"
    )
    gradients = {
        "x": (
            "scale / sqrt(column_mean((x - column_mean(x)) ^ 2) + epsilon)"
            " · (g - column_mean(g) - (x - column_mean(x)) · column_mean(g · (x - column_mean(x)))"
            " / (column_mean((x - column_mean(x)) ^ 2) + epsilon))"
        ),
        "scale": (
            "g · (x - column_mean(x)) / sqrt(column_mean((x - column_mean(x)) ^ 2) + epsilon)"
        ),
        "bias": "g",
    }
    exports = {"onnx": "BatchNormalization", "torch": "torch.nn.functional.batch_norm"}
    domain = {"variance": (0.0, np.inf)}
    samples = ({"x": (5, 3)}, {"x": (4, 1)}, {"x": (3, 2, 2, 4)})

    def forward(
        self, x: Array, scale: Weight, bias: Weight, mean: Statistic, variance: Statistic
    ) -> Array:
        away, inverse = self._standing(x)
        y: Array = scale * (away * inverse) + bias
        return y

    def backward(
        self,
        g: Array,
        y: Array,
        x: Array,
        scale: Array,
        bias: Array,
        mean: Array,
        variance: Array,
    ) -> Gradients:
        axes = _all_but_last(x)
        away, inverse = self._standing(x)
        standing = away * inverse
        along = standing * np.mean(g * standing, axis=axes)
        passed = (scale * inverse) * (g - np.mean(g, axis=axes) - along)
        return {"x": passed, "scale": g * standing, "bias": g}

    def infer(self, x: Array, scale: Array, bias: Array, mean: Array, variance: Array) -> Array:
        return scale * ((x - mean) / np.sqrt(variance + self.epsilon)) + bias

    def infer_backward(
        self,
        g: Array,
        y: Array,
        x: Array,
        scale: Array,
        bias: Array,
        mean: Array,
        variance: Array,
    ) -> Gradients:
        deviation = np.sqrt(variance + self.epsilon)
        return {"x": g * scale / deviation, "scale": g * ((x - mean) / deviation), "bias": g}

    def update(
        self, x: Array, scale: Array, bias: Array, mean: Array, variance: Array
    ) -> Mapping[str, Array]:
        """Ioffe and Szegedy 2015; the variance as PyTorch keeps it, over n − 1 rows."""
        axes = _all_but_last(x)
        rows = x.size // x.shape[-1]
        here = np.mean(x, axis=axes)
        spread = np.sum(np.square(x - here), axis=axes) / max(rows - 1, 1)
        kept = 1.0 - self.momentum
        return {
            "mean": kept * mean + self.momentum * here,
            "variance": kept * variance + self.momentum * spread,
        }

    def shape(self, x: Shape, **_: Shape) -> Shape:
        self.weight_shapes(x)
        return x

    def weight_shapes(self, x: Shape) -> Mapping[str, tuple[int, ...]]:
        if len(x.features) + x.batched < 2 or not x.features:
            raise self.clash(
                N_(
                    "{label} compares the rows of a batch, but {x} gives ({shape}). "
                    "Put it behind a layer that reads data, or use Layer Norm."
                ),
                shape=x,
            )
        return dict.fromkeys(("scale", "bias", "mean", "variance"), x.features[-1:])

    def initials(self) -> Mapping[str, str | float]:
        return {"scale": 1.0, "bias": 0.0, "mean": 0.0, "variance": 1.0}

    def _standing(self, x: Array) -> tuple[Array, Array]:
        """How far each number is from its feature's mean, and one over the deviation."""
        axes = _all_but_last(x)
        away = x - np.mean(x, axis=axes)
        spread = np.mean(np.square(away), axis=axes)
        return away, 1.0 / np.sqrt(spread + self.epsilon)


class LayerNorm(Op):
    """Shifts and scales each row so that its mean is 0 and its variance 1, then by what it learns
    for each feature. It does not look at other rows, so it is the same after training."""

    epsilon: float = setting(
        1e-5, low=1e-12, high=1.0, help=N_("Added to the variance, so that it is never 0.")
    )

    symbol, category = "layer norm", "normalize"
    aliases = ("layer normalisation", "standardise", "층 정규화", "레이어 정규화", "정규화")
    formula = (
        "y = scale · (x - mean(x, -1)) / sqrt(mean((x - mean(x, -1)) ^ 2, -1) + epsilon) + bias"
    )
    gradients = {
        "x": (
            "(g · scale - mean(g · scale, -1) - (x - mean(x, -1))"
            " · mean(g · scale · (x - mean(x, -1)), -1)"
            " / (mean((x - mean(x, -1)) ^ 2, -1) + epsilon))"
            " / sqrt(mean((x - mean(x, -1)) ^ 2, -1) + epsilon)"
        ),
        "scale": "g · (x - mean(x, -1)) / sqrt(mean((x - mean(x, -1)) ^ 2, -1) + epsilon)",
        "bias": "g",
    }
    exports = {"torch": "torch.nn.functional.layer_norm"}
    samples = ({"x": (4, 3)}, {"x": (5,)}, {"x": (2, 3, 4)})

    def forward(self, x: Array, scale: Weight, bias: Weight) -> Array:
        standing, _ = self._standing(x)
        return scale * standing + bias

    def backward(self, g: Array, y: Array, x: Array, scale: Array, bias: Array) -> Gradients:
        standing, inverse = self._standing(x)
        arrived = g * scale
        level = np.mean(arrived, axis=-1, keepdims=True)
        along = standing * np.mean(arrived * standing, axis=-1, keepdims=True)
        return {"x": inverse * (arrived - level - along), "scale": g * standing, "bias": g}

    def shape(self, x: Shape, **_: Shape) -> Shape:
        self.weight_shapes(x)
        return x

    def weight_shapes(self, x: Shape) -> Mapping[str, tuple[int, ...]]:
        if not x.features:
            raise self.clash(
                N_("{label} compares the numbers of a row, but {x} gives one number per row.")
            )
        return dict.fromkeys(("scale", "bias"), x.features[-1:])

    def initials(self) -> Mapping[str, str | float]:
        return {"scale": 1.0, "bias": 0.0}

    def _standing(self, x: Array) -> tuple[Array, Array]:
        """The row with mean 0 and variance 1, and one over its deviation."""
        away = x - np.mean(x, axis=-1, keepdims=True)
        spread = np.mean(np.square(away), axis=-1, keepdims=True)
        inverse = 1.0 / np.sqrt(spread + self.epsilon)
        return away * inverse, inverse


def _all_but_last(x: Array) -> tuple[int, ...]:
    return tuple(range(x.ndim - 1))
