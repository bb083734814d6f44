"""Gates that make one number out of many."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op, setting
from bpstudio.engine.shapes import Shape
from bpstudio.language import N_

AXES = (None, -1, -2, -3, 0, 1, 2)


class Sum(Op):
    """Adds all numbers up, or those along one axis. Backward each of them gets the gradient of
    the sum it went into."""

    axis: int | None = setting(
        None,
        choices=AXES,
        help=N_("Which axis goes: none for all, -1 for the last of a row, 0 for the first."),
    )

    symbol = "Σ"
    aliases = ("total", "reduce", "합", "합계", "모두 더하기")
    formula = "y = sum(x)"
    gradients = {"x": "g"}
    exports = {"onnx": "ReduceSum", "torch": "torch.sum", "numpy": "np.sum"}
    samples = ({"x": (3, 4)}, {"x": ()}, {"x": (4,)}, {"x": (2, 3, 4)}, {"x": (3, 1)})

    def forward(self, x: Array) -> Array:
        y: Array = np.sum(x, axis=self.axis)
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g if self.axis is None else np.expand_dims(g, self.axis)}

    def shape(self, x: Shape) -> Shape:
        return without_axis(self, x, self.axis)


class Mean(Op):
    """The average of all numbers, or of those along one axis. Backward each of them gets an equal
    share of the gradient."""

    axis: int | None = setting(
        None,
        choices=AXES,
        help=N_("Which axis goes: none for all, -1 for the last of a row, 0 for the first."),
    )

    symbol = "mean"
    aliases = ("average", "reduce", "평균")
    formula = "y = mean(x)"
    gradients = {"x": "g / count(x)"}
    exports = {"onnx": "ReduceMean", "torch": "torch.mean", "numpy": "np.mean"}
    samples = ({"x": (3, 4)}, {"x": ()}, {"x": (4,)}, {"x": (2, 3, 4)}, {"x": (3, 1)})

    def forward(self, x: Array) -> Array:
        y: Array = np.mean(x, axis=self.axis)  # type: ignore[assignment]
        return y

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        if self.axis is None:
            return {"x": g / x.size}
        return {"x": np.expand_dims(g / x.shape[self.axis], self.axis)}

    def shape(self, x: Shape) -> Shape:
        return without_axis(self, x, self.axis)


def without_axis(op: Op, x: Shape, axis: int | None) -> Shape:
    """The shape after a reduction along an axis of the array, or along all of them.

    Counted from the front, axis 0 of a batched shape is the batch, so that taking it away ends the
    batch. Counted from the back only the axes of a row are reached.
    """
    if axis is None:
        return Shape(())
    if axis == 0 and x.batched:
        return Shape(x.features)
    place = axis - x.batched if axis >= 0 else axis + len(x.features)
    if 0 <= place < len(x.features):
        return Shape(x.features[:place] + x.features[place + 1 :], x.batched)
    raise op.clash(
        N_("{label} goes along axis {axis}, but {x} gives ({shape}). Choose another axis."),
        axis=axis,
        shape=x,
    )
