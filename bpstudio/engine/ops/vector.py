"""Vectors: their length in two ways, and their two products."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op, setting
from bpstudio.engine.ops.reduction import AXES, without_axis
from bpstudio.engine.shapes import Shape, broadcast
from bpstudio.language import N_

_REDUCED = ({"x": (3, 4)}, {"x": ()}, {"x": (4,)}, {"x": (2, 3, 4)}, {"x": (3, 1)})


class L1Norm(Op):
    """The sum of the sizes of all numbers. Every number that is not 0 is pulled with the same
    force, so a penalty of this kind makes weights exactly 0."""

    axis: int | None = setting(
        None,
        choices=AXES,
        help=N_("Which axis goes: none for all, -1 for the last of a row, 0 for the first."),
    )

    title, name = "L1 Norm", "l1_norm"
    symbol = "‖x‖₁"
    aliases = ("length", "manhattan", "lasso", "absolute sum", "L1 노름", "길이", "절댓값 합")
    formula = "y = sum(abs(x))"
    gradients = {"x": "g · sign(x)"}
    exports = {"onnx": "ReduceL1"}
    samples = _REDUCED

    def forward(self, x: Array) -> Array:
        y: Array = np.sum(np.absolute(x), axis=self.axis)
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": (g if self.axis is None else np.expand_dims(g, self.axis)) * np.sign(x)}

    def shape(self, x: Shape) -> Shape:
        return without_axis(self, x, self.axis)


class L2Norm(Op):
    """The length of a vector: the root of the sum of squares. Its gradient points along the
    vector and has length 1; at 0, where it has none, it is 0."""

    axis: int | None = setting(
        None,
        choices=AXES,
        help=N_("Which axis goes: none for all, -1 for the last of a row, 0 for the first."),
    )

    title, name = "L2 Norm", "l2_norm"
    symbol = "‖x‖"
    aliases = ("length", "euclidean", "magnitude", "distance", "L2 노름", "길이", "거리")
    formula = "y = sqrt(sum(x ^ 2))"
    gradients = {"x": "g · x / (y if y > 0 else 1)"}
    exports = {"onnx": "ReduceL2"}
    samples = _REDUCED

    def forward(self, x: Array) -> Array:
        y: Array = np.sqrt(np.sum(np.square(x), axis=self.axis))
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        share = g / np.where(y > 0, y, 1.0)
        return {"x": (share if self.axis is None else np.expand_dims(share, self.axis)) * x}

    def shape(self, x: Shape) -> Shape:
        return without_axis(self, x, self.axis)


class Dot(Op):
    """The inner product of two vectors: their products added up, one number for each row. Backward
    each gets the other, times g."""

    symbol = "a·b"
    aliases = ("inner product", "scalar product", "weighted sum", "내적", "점곱", "가중합")
    formula = "y = sum_over(a · b, -1)"
    gradients = {"a": "expand(g, -1) · b", "b": "expand(g, -1) · a"}
    samples = (
        {"a": (4,), "b": (4,)},
        {"a": (5, 4), "b": (4,)},
        {"a": (2, 3), "b": (2, 3)},
        {"a": (1,), "b": (1,)},
    )

    def forward(self, a: Array, b: Array) -> Array:
        y: Array = np.sum(a * b, axis=-1)
        return y

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        passed = np.expand_dims(g, -1)
        return {"a": passed * b, "b": passed * a}

    def shape(self, a: Shape, b: Shape) -> Shape:
        if a.features and b.features and a.features[-1] == b.features[-1]:
            whole = broadcast(a, b)
            return Shape(whole.features[:-1], whole.batched)
        raise self.clash(
            N_(
                "{label} needs two vectors of the same length, but {a} gives ({left}) and "
                "{b} gives ({right}). For single numbers use Multiply."
            ),
            left=a,
            right=b,
        )


class Outer(Op):
    """The outer product: every number of the first vector times every number of the second, as a
    table. A weight's gradient in a layer is of this kind."""

    symbol = "a⊗b"
    aliases = ("outer product", "table", "외적", "텐서곱", "곱표")
    formula = "y = expand(a, -1) · expand(b, -2)"
    gradients = {
        "a": "sum_over(g · expand(b, -2), -1)",
        "b": "sum_over(g · expand(a, -1), -2)",
    }
    samples = ({"a": (3,), "b": (4,)}, {"a": (2, 3), "b": (2, 4)}, {"a": (1,), "b": (2,)})

    def forward(self, a: Array, b: Array) -> Array:
        y: Array = np.multiply(np.expand_dims(a, -1), np.expand_dims(b, -2))
        return y

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {
            "a": np.sum(g * np.expand_dims(b, -2), axis=-1),
            "b": np.sum(g * np.expand_dims(a, -1), axis=-2),
        }

    def shape(self, a: Shape, b: Shape) -> Shape:
        if len(a.features) == len(b.features) == 1 or (
            a.features[:-1] == b.features[:-1]
            and a.features
            and b.features
            and a.batched == b.batched
        ):
            rows = a.features[:-1]
            return Shape((*rows, a.features[-1], b.features[-1]), a.batched or b.batched)
        raise self.clash(
            N_(
                "{label} needs two vectors, but {a} gives ({left}) and {b} gives ({right}). "
                "Flatten them, or use Multiply."
            ),
            left=a,
            right=b,
        )
