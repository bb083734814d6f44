"""Layers: many weighted sums at once, and the matrix product that they are made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpstudio.engine.initial import initialisers
from bpstudio.engine.op import Array, Gradients, Op, Weight, setting
from bpstudio.engine.shapes import Shape
from bpstudio.language import N_


class MatMul(Op):
    """The matrix product: every row of a weighs up the columns of b. Rows of a batch come first,
    so a layer is x @ W."""

    name, title = "matmul", "MatMul"
    symbol = "@"
    aliases = ("matrix product", "dot", "multiply", "행렬곱", "행렬", "내적")
    formula = "y = a @ b"
    gradients = {"a": "g @ bᵀ", "b": "aᵀ @ g"}
    exports = {"onnx": "MatMul", "torch": "torch.matmul", "numpy": "np.matmul"}
    samples = (
        {"a": (2, 3), "b": (3, 4)},
        {"a": (1, 3), "b": (3, 1)},
        {"a": (2, 3, 4), "b": (2, 4, 5)},
        {"a": (2, 3, 4), "b": (4, 5)},
    )

    def forward(self, a: Array, b: Array) -> Array:
        y: Array = np.matmul(a, b)
        return y

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {"a": _left_gradient(g, a, b), "b": _right_gradient(g, a, b)}

    def shape(self, a: Shape, b: Shape) -> Shape:
        axes_a, axes_b = len(a.features), len(b.features)
        if b.batched and not a.batched and axes_b == 1:
            raise self.clash(
                N_(
                    "{label} has the batch on the right: {b} gives rows of ({row}). "
                    "Write x @ W instead of W @ x: exchange the wires and transpose the weights."
                ),
                row=Shape(b.features),
            )
        if not 1 <= axes_a <= 2 or not 1 <= axes_b <= 2 or (b.batched and axes_b == 1):
            raise self.clash(
                N_(
                    "{label} can't multiply ({left}) by ({right}) as matrices. Connect a row or a "
                    "matrix to a and a matrix to b; for a number, use Multiply."
                ),
                left=a,
                right=b,
            )
        if b.batched and a.batched and axes_a == 1:
            raise self.clash(
                N_(
                    "{label} has a matrix for each row at b, ({right}), but a row at a, ({left}). "
                    "Give a two axes per row too."
                ),
                left=a,
                right=b,
            )
        if a.features[-1] != b.features[0]:
            raise self.clash(
                N_(
                    "{label} needs as many columns in a as rows in b, but {a} gives ({left}) and "
                    "{b} gives ({right}). Exchange the wires, or change a size."
                ),
                left=a,
                right=b,
            )
        return Shape(a.features[:-1] + b.features[1:], a.batched or b.batched)


class Dense(Op):
    """A fully connected layer: each unit weighs up all inputs and adds its own bias."""

    units: int = setting(3, low=1, help=N_("How many numbers it gives per row."))
    initial: str = setting(
        "xavier",
        choices=tuple(initialisers),
        help=N_("How its weights are drawn at the start; its biases start at 0."),
    )

    symbol, category = "x·W + b", "layer"
    aliases = (
        "fully connected",
        "linear",
        "affine",
        "neurons",
        "완전 연결",
        "전결합",
        "선형",
        "층",
    )
    formula = "y = x @ weight + bias"
    gradients = {"x": "g @ weightᵀ", "weight": "xᵀ @ g", "bias": "g"}
    exports = {"onnx": "Gemm", "torch": "torch.nn.Linear"}
    samples = (
        {"x": (5, 2), "weight": (2, 3), "bias": (3,)},
        {"x": (1, 2), "weight": (2, 3), "bias": (3,)},
        {"x": (4, 5, 2), "weight": (2, 3), "bias": (3,)},
    )

    def forward(self, x: Array, weight: Weight, bias: Weight) -> Array:
        y: Array = np.matmul(x, weight) + bias
        return y

    def backward(self, g: Array, y: Array, x: Array, weight: Array, bias: Array) -> Gradients:
        return {
            "x": np.matmul(g, np.transpose(weight)),
            "weight": _right_gradient(g, x, weight),
            "bias": g,
        }

    def shape(self, x: Shape, weight: Shape, bias: Shape) -> Shape:
        self.weight_shapes(x)
        if len(weight.features) == 2 and weight.features[0] != x.features[-1]:
            raise self.clash(
                N_(
                    "{label} expects {have} numbers per row, but {x} gives {numbers}. "
                    "Reconnect it, or reset its weights."
                ),
                have=weight.features[0],
                numbers=x.features[-1],
            )
        return Shape((*x.features[:-1], self.units), x.batched)

    def weight_shapes(self, x: Shape) -> Mapping[str, tuple[int, ...]]:
        if not x.features:
            raise self.clash(
                N_(
                    "{label} needs a row of numbers, but {x} gives single numbers. "
                    "Give it rows, even of one column, or use Multiply."
                )
            )
        return {"weight": (x.features[-1], self.units), "bias": (self.units,)}

    def initials(self) -> Mapping[str, str]:
        return {"weight": self.initial, "bias": "zeros"}


def _left_gradient(g: Array, a: Array, b: Array) -> Array:
    """g @ bᵀ, for one or two axes of a and b, and stacks of matrices."""
    passed: Array
    if b.ndim == 1:
        passed = np.expand_dims(g, -1) * b
    elif a.ndim == 1:
        passed = np.matmul(b, np.expand_dims(g, -1))[..., 0]
    else:
        passed = np.matmul(g, np.swapaxes(b, -1, -2))
    return passed


def _right_gradient(g: Array, a: Array, b: Array) -> Array:
    """aᵀ @ g, for one or two axes of a and b, and stacks of matrices.

    Where every matrix of a stack met the same b, all are summed in the one product.
    """
    passed: Array
    if a.ndim == 1 and b.ndim == 1:
        passed = a * g
    elif a.ndim == 1:
        passed = np.expand_dims(a, -1) * np.expand_dims(g, -2)
    elif b.ndim <= 2:
        rows = tuple(range(a.ndim - 1))
        passed = np.tensordot(a, g, axes=(rows, rows))
    else:
        passed = np.matmul(np.swapaxes(a, -1, -2), g)
    return passed
