"""Where values come from: typed numbers, parameters and the data set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpstudio.engine.initial import initialisers
from bpstudio.engine.op import Array, Features, Given, Gradients, Op, Target, Weight, setting
from bpstudio.language import N_


class Input(Op):
    """A value that a person types, or that a formula names."""

    symbol, category = "x", "source"
    aliases = ("variable", "value", "입력", "변수", "값")
    formula = "y = value"
    gradients = {"value": "g"}

    def forward(self, value: Given) -> Array:
        return value

    def backward(self, g: Array, y: Array, value: Array) -> Gradients:
        return {"value": g}


class Constant(Op):
    """A fixed number."""

    value: float = setting(1.0, help=N_("The number."))

    symbol, category = "{value:g}", "source"
    aliases = ("number", "상수", "숫자")
    formula = "y = value"

    def forward(self) -> Array:
        return np.full((), self.value)

    def backward(self, g: Array, y: Array) -> Gradients:
        return {}


class Parameter(Op):
    """A value that training changes: a weight on its own, which several gates may share."""

    size: tuple[int, ...] = setting((), help=N_("The shape of its value; empty for one number."))
    initial: str = setting(
        "normal", choices=tuple(initialisers), help=N_("How its starting value is drawn.")
    )

    symbol, category = "w", "source"
    aliases = ("weight", "variable", "shared", "매개변수", "가중치", "파라미터")
    formula = "y = value"
    gradients = {"value": "g"}

    def forward(self, value: Weight) -> Array:
        return value

    def backward(self, g: Array, y: Array, value: Array) -> Gradients:
        return {"value": g}

    def weight_shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {"value": self.size}

    def initials(self) -> Mapping[str, str]:
        return {"value": self.initial}


class Data(Op):
    """The rows of the data set: a batch of features."""

    symbol, category = "Data", "source"
    aliases = ("dataset", "batch", "features", "데이터", "배치", "특징")
    formula = "y = rows"
    gradients = {"rows": "g"}

    def forward(self, rows: Features) -> Array:
        return rows

    def backward(self, g: Array, y: Array, rows: Array) -> Gradients:
        return {"rows": g}


class Answers(Op):
    """The right answers of the data set, for a loss that is put together from gates."""

    columns: int = setting(
        1, low=0, help=N_("How many numbers a row of them has; 0 for a single number without axis.")
    )

    symbol, category = "Answers", "source"
    aliases = ("target", "labels", "truth", "정답", "목표", "라벨")
    formula = "y = rows"
    gradients = {"rows": "g"}

    def forward(self, rows: Target) -> Array:
        return rows

    def backward(self, g: Array, y: Array, rows: Array) -> Gradients:
        return {"rows": g}
