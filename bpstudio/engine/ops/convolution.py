"""Layers for pictures: arrays of height × width × channels for each row of a batch.

Channels come last, so that everything that works on the last axis of a row (Dense, Layer Norm,
softmax, a bias) works on the channels of every place of a picture too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpstudio.engine.initial import initialisers
from bpstudio.engine.op import Array, Gradients, Op, Weight, setting
from bpstudio.engine.shapes import Shape
from bpstudio.engine.windows import padded, scatter_add, steps, windows
from bpstudio.language import N_


class Conv2D(Op):
    """Slides small windows over pictures: every unit looks for one pattern, with the same weights
    at every place. Its gradient for a weight adds up what all places say."""

    units: int = setting(8, low=1, help=N_("How many patterns it looks for: channels out."))
    size: int = setting(3, low=1, high=15, help=N_("Height and width of the window."))
    stride: int = setting(1, low=1, high=8, help=N_("How far the window moves each time."))
    padding: int = setting(0, low=0, high=7, help=N_("Zeros around the picture, on every side."))
    initial: str = setting(
        "he",
        choices=tuple(initialisers),
        help=N_("How its weights are drawn at the start; its biases start at 0."),
    )

    title, name = "Conv2D", "conv2d"
    symbol, category = "x∗W + b", "layer"
    aliases = ("convolution", "filter", "kernel", "cnn", "합성곱", "필터", "커널", "층")
    formula = "y = convolve(x, weight, stride, padding) + bias"
    gradients = {
        "x": "convolve_to_x(g, weight, x, stride, padding)",
        "weight": "convolve_to_weight(g, x, weight, stride, padding)",
        "bias": "g",
    }
    exports = {"onnx": "Conv", "torch": "torch.nn.functional.conv2d"}
    samples = (
        {"x": (4, 5, 2)},
        {"x": (2, 5, 4, 1)},
        {"x": (3, 4, 4, 2)},
        {"x": (1, 6, 6, 1)},
    )

    def forward(self, x: Array, weight: Weight, bias: Weight) -> Array:
        seen = windows(padded(x, self.padding), self.size, self.stride)
        y: Array = np.tensordot(seen, weight, axes=((-3, -2, -1), (2, 0, 1))) + bias
        return y

    def backward(self, g: Array, y: Array, x: Array, weight: Array, bias: Array) -> Gradients:
        seen = windows(padded(x, self.padding), self.size, self.stride)
        places = tuple(range(g.ndim - 1))
        # Of shape (channels, size, size, units), and (…, rows, columns, size, size, channels).
        met = np.tensordot(seen, g, axes=(places, places))
        sent = np.tensordot(g, weight, axes=((-1,), (3,)))
        inside = [(i, j) for i in range(self.size) for j in range(self.size)]
        pieces = [sent[..., i, j, :] for i, j in inside]
        return {
            "x": scatter_add(pieces, x.shape, self.size, self.stride, self.padding),
            "weight": np.transpose(met, (1, 2, 0, 3)),
            "bias": g,
        }

    def shape(self, x: Shape, weight: Shape, bias: Shape) -> Shape:
        self.weight_shapes(x)
        if len(weight.features) == 4 and weight.features[2] != x.features[2]:
            raise self.clash(
                N_(
                    "{label} expects pictures of {have} channels, but {x} gives {channels}. "
                    "Reconnect it, or reset its weights."
                ),
                have=weight.features[2],
                channels=x.features[2],
            )
        return _slid(self, x, self.size, self.stride, self.padding, self.units)

    def weight_shapes(self, x: Shape) -> Mapping[str, tuple[int, ...]]:
        channels = _channels(self, x)
        return {"weight": (self.size, self.size, channels, self.units), "bias": (self.units,)}

    def initials(self) -> Mapping[str, str | float]:
        return {"weight": self.initial, "bias": "zeros"}


class MaxPool2D(Op):
    """Keeps the largest number of each window, so that pictures shrink and a pattern may lie
    anywhere in it. The gradient goes to that number alone, at a tie to the first one."""

    size: int = setting(2, low=1, high=15, help=N_("Height and width of the window."))
    stride: int = setting(2, low=1, high=15, help=N_("How far the window moves each time."))

    title, name = "Max Pool", "max_pool2d"
    symbol, category = "max pool", "layer"
    aliases = ("pooling", "downsample", "subsample", "최대 풀링", "맥스 풀링", "풀링")
    formula = "y = pool_largest(x, size, stride)"
    gradients = {"x": "unpool_largest(g, x, size, stride)"}
    exports = {"onnx": "MaxPool", "torch": "torch.nn.functional.max_pool2d"}
    samples = ({"x": (4, 5, 2)}, {"x": (2, 4, 4, 1)}, {"x": (2, 5, 6, 3)})

    def forward(self, x: Array) -> Array:
        y: Array = np.max(windows(x, self.size, self.stride), axis=(-2, -1))
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        # As torch's max_pool2d a tie goes to the first; by comparison, which is faster than argmax.
        seen = windows(x, self.size, self.stride)
        pieces: list[Array] = []
        open_places = np.ones_like(y)
        for place in range(self.size**2):
            i, j = divmod(place, self.size)
            here = np.where(seen[..., i, j] == y, open_places, 0.0)
            pieces.append(g * here)
            open_places = open_places - here
        return {"x": scatter_add(pieces, x.shape, self.size, self.stride, 0)}

    def shape(self, x: Shape) -> Shape:
        return _slid(self, x, self.size, self.stride, 0, _channels(self, x))


class AveragePool2D(Op):
    """The mean of each window, so that pictures shrink. Every number gets an equal share of the
    gradient of each window that it lies in."""

    size: int = setting(2, low=1, high=15, help=N_("Height and width of the window."))
    stride: int = setting(2, low=1, high=15, help=N_("How far the window moves each time."))

    title, name = "Average Pool", "average_pool2d"
    symbol, category = "avg pool", "layer"
    aliases = ("pooling", "mean pool", "downsample", "평균 풀링", "풀링")
    formula = "y = pool_mean(x, size, stride)"
    gradients = {"x": "unpool_mean(g, x, size, stride)"}
    exports = {"onnx": "AveragePool", "torch": "torch.nn.functional.avg_pool2d"}
    samples = ({"x": (4, 5, 2)}, {"x": (2, 4, 4, 1)}, {"x": (2, 5, 6, 3)})

    def forward(self, x: Array) -> Array:
        y: Array = np.mean(windows(x, self.size, self.stride), axis=(-2, -1))
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        share = g * (1.0 / self.size**2)
        pieces = [share] * self.size**2
        return {"x": scatter_add(pieces, x.shape, self.size, self.stride, 0)}

    def shape(self, x: Shape) -> Shape:
        return _slid(self, x, self.size, self.stride, 0, _channels(self, x))


def _channels(op: Op, x: Shape) -> int:
    """How many channels pictures of that shape have."""
    if len(x.features) == 3:
        return x.features[2]
    raise op.clash(
        N_(
            "{label} needs pictures of height × width × channels, but {x} gives ({shape}). "
            "Put a Reshape before it, such as to 8 × 8 × 1."
        ),
        shape=x,
    )


def _slid(op: Op, x: Shape, size: int, stride: int, padding: int, channels: int) -> Shape:
    """The shape after a window was slid over pictures."""
    height, width = (length + 2 * padding for length in x.features[:2])
    if min(height, width) >= size:
        places = (steps(height, size, stride), steps(width, size, stride))
        return Shape((*places, channels), x.batched)
    raise op.clash(
        N_(
            "{label} slides a window of {size} × {size}, but {x} gives pictures of "
            "{height} × {width}. Make the window smaller."
        ),
        size=size,
        height=height,
        width=width,
    )
