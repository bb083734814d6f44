"""Gates that move numbers without changing them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op, setting
from bpstudio.engine.shapes import Shape
from bpstudio.errors import ShapeError
from bpstudio.language import N_

KEPT = N_("How many axes in front stay as they are: 1 for rows of data, 0 for a value of its own.")


class Transpose(Op):
    """Exchanges the last two axes: rows become columns. The gradient is turned back."""

    symbol, category = "xᵀ", "reshape"
    aliases = ("turn", "swap axes", "전치", "뒤집기")
    formula = "y = xᵀ"
    gradients = {"x": "gᵀ"}
    exports = {"onnx": "Transpose"}
    samples = ({"x": (3, 4)}, {"x": (2, 3, 4)}, {"x": (1, 3)})

    def forward(self, x: Array) -> Array:
        return np.swapaxes(x, -1, -2)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.swapaxes(g, -1, -2)}

    def shape(self, x: Shape) -> Shape:
        if len(x.features) >= 2:
            return Shape((*x.features[:-2], x.features[-1], x.features[-2]), x.batched)
        raise self.clash(
            N_("{label} needs a table of rows and columns, but {x} gives ({shape})."), shape=x
        )


class Reshape(Op):
    """The same numbers in the same order along other axes, such as a row of 64 as a picture of
    8 × 8 × 1. The gradient goes back into the old shape."""

    size: tuple[int, ...] = setting(
        (-1,), help=N_("The new axes behind those that stay; one of them may be -1, for the rest.")
    )
    keep: int = setting(1, low=0, high=4, help=KEPT)

    symbol, category = "reshape", "reshape"
    aliases = ("view", "picture", "unflatten", "모양 바꾸기", "형태", "변형")
    formula = "y = reshape(x, keep, size)"
    gradients = {"x": "like(g, x)"}
    exports = {"onnx": "Reshape", "numpy": "np.reshape"}
    samples = ({"x": (4, 6)}, {"x": (2, 3, 4)}, {"x": (6,)})

    def forward(self, x: Array) -> Array:
        return np.reshape(x, (*x.shape[: self.keep], *self.size))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.reshape(g, x.shape)}

    def shape(self, x: Shape) -> Shape:
        return _reshaped(self, x, self.keep, self.size)


class Flatten(Op):
    """Makes each row one long list of numbers, as a dense layer wants it after pictures. The
    gradient goes back into the old shape."""

    keep: int = setting(1, low=0, high=4, help=KEPT)

    symbol, category = "flat", "reshape"
    aliases = ("vector", "ravel", "list", "펼치기", "평탄화", "일렬로")
    formula = "y = reshape(x, keep, -1)"
    gradients = {"x": "like(g, x)"}
    exports = {"onnx": "Flatten", "torch": "torch.nn.Flatten"}
    samples = ({"x": (4, 2, 3)}, {"x": (3, 2)}, {"x": (2, 3, 2, 1)}, {"x": (4,)})

    def forward(self, x: Array) -> Array:
        kept = x.shape[: self.keep]
        return np.reshape(x, (*kept, math.prod(x.shape[self.keep :])))

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.reshape(g, x.shape)}

    def shape(self, x: Shape) -> Shape:
        return _reshaped(self, x, self.keep, (-1,))


class Concatenate(Op):
    """Sets its inputs one behind the other along an axis. Backward each gets its own piece of the
    gradient."""

    axis: int = setting(
        -1, choices=(-1, -2, -3), help=N_("Along which axis, counted from the last one.")
    )

    symbol, category = "concat", "reshape"
    aliases = ("join", "append", "stack", "이어 붙이기", "연결", "합치기")
    formula = "y = joined(axis, parts)"
    gradients = {"parts": "unjoined(slot, g, axis, parts)"}
    exports = {"onnx": "Concat", "numpy": "np.concatenate"}
    samples = (
        {"parts0": (2, 3), "parts1": (2, 4)},
        {"parts0": (3,), "parts1": (1,), "parts2": (2,)},
        {"parts0": (2, 3, 4), "parts1": (2, 3, 4)},
        {"parts0": (5, 2)},
    )

    def forward(self, *parts: Array) -> Array:
        return np.concatenate(parts, axis=self.axis)

    def backward(self, g: Array, y: Array, *parts: Array) -> Gradients:
        pieces, start = [], 0
        for part in parts:
            end = start + part.shape[self.axis]
            pieces.append(_piece(g, slice(start, end), self.axis))
            start = end
        return {"parts": tuple(pieces)}

    def shape(self, **parts: Shape) -> Shape:
        shapes = tuple(parts.values())
        place = len(shapes[0].features) + self.axis if shapes else -1
        others = {(s.features[:place], s.features[place + 1 :], s.batched) for s in shapes}
        ranks = {len(shape.features) for shape in shapes}
        if place < 0 or len(ranks) > 1 or len(others) > 1:
            raise self.clash(
                N_(
                    "{label} can't set ({shapes}) in a row along axis {axis}: all other axes must "
                    "be equal. Reshape one of them, or choose another axis."
                ),
                shapes=", ".join(map(str, shapes)),
                axis=self.axis,
            )
        length = sum(shape.features[place] for shape in shapes)
        first = shapes[0]
        features = (*first.features[:place], length, *first.features[place + 1 :])
        return Shape(features, first.batched)


class Slice(Op):
    """A piece of an axis, the rest left out. Backward what was left out gets 0."""

    start: int = setting(0, low=0, help=N_("Where the piece begins, counted from 0."))
    count: int = setting(1, low=1, help=N_("How many it takes."))
    axis: int = setting(
        -1, choices=(-1, -2, -3), help=N_("Along which axis, counted from the last one.")
    )

    symbol, category = "[{start}+{count}]", "reshape"
    aliases = ("piece", "crop", "select", "index", "자르기", "조각", "부분")
    formula = "y = part(x, start, count, axis)"
    gradients = {"x": "unpart(g, x, start, axis)"}
    exports = {"onnx": "Slice"}
    samples = ({"x": (3,)}, {"x": (4, 3)}, {"x": (3, 4, 5)})

    def forward(self, x: Array) -> Array:
        return _piece(x, slice(self.start, self.start + self.count), self.axis)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        before = _piece(x, slice(0, self.start), self.axis)
        after = _piece(x, slice(self.start + self.count, x.shape[self.axis]), self.axis)
        parts = (np.zeros_like(before), g, np.zeros_like(after))
        return {"x": np.concatenate(parts, axis=self.axis)}

    def shape(self, x: Shape) -> Shape:
        place = len(x.features) + self.axis
        if place >= 0 and self.start + self.count <= x.features[place]:
            features = (*x.features[:place], self.count, *x.features[place + 1 :])
            return Shape(features, x.batched)
        raise self.clash(
            N_(
                "{label} takes {count} from place {start} on along axis {axis}, but {x} gives "
                "({shape}). Take less, or choose another axis."
            ),
            count=self.count,
            start=self.start,
            axis=self.axis,
            shape=x,
        )


def _piece(x: Array, piece: slice, axis: int) -> Array:
    """A piece along an axis that is counted from the last one."""
    key: tuple[Any, ...] = (..., piece, *(slice(None),) * (-1 - axis))
    view: Array = x[key]
    return view


def _reshaped(op: Op, x: Shape, keep: int, size: tuple[int, ...]) -> Shape:
    """The shape after the axes behind the first `keep` of the array were made `size`."""
    if keep == 0 and x.batched:
        raise op.clash(
            N_("{label} would mix the rows of the batch that {x} gives. Set keep to 1 or more.")
        )
    front = keep - x.batched
    kept, rest = x.features[:front], math.prod(x.features[front:])
    known = math.prod(n for n in size if n != -1)
    open_axes = size.count(-1)
    fits = open_axes <= 1 and all(n > 0 for n in size if n != -1) and front <= len(x.features)
    if fits and (rest == known if not open_axes else rest % known == 0):
        features = (*kept, *(rest // known if n == -1 else n for n in size))
        return Shape(features, x.batched)
    raise _no_fit(op, x, keep, size)


def _no_fit(op: Op, x: Shape, keep: int, size: tuple[int, ...]) -> ShapeError:
    return op.clash(
        N_(
            "{label} can't give the axes of ({shape}) from {x}, behind the first {keep}, the sizes "
            "({size}). The number of entries must stay the same; for a value without rows set keep "
            "to 0."
        ),
        shape=x,
        keep=keep,
        size=" × ".join(map(str, size)) or "1",
    )
