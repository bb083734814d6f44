"""Losses beside the three usual ones: for outliers, for margins, and from scores or shares."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op, Target, setting
from bpstudio.engine.ops.activation import Sigmoid
from bpstudio.engine.ops.loss import compared
from bpstudio.engine.shapes import Shape
from bpstudio.language import N_

_SAMPLES = (
    {"prediction": (5, 2), "target": (5, 2)},
    {"prediction": (4,), "target": (4,)},
    {"prediction": (), "target": ()},
)
_CLASSES = (
    {"prediction": (5, 3), "target": (5, 3)},
    {"prediction": (4,), "target": (4,)},
    {"prediction": (1, 2), "target": (1, 2)},
)


class AbsoluteError(Op):
    """The mean of the sizes of the differences. Every error pulls with the same force, so a few
    answers that are far off do not decide everything."""

    symbol, category = "MAE", "loss"
    aliases = ("mean absolute error", "mae", "L1", "regression", "평균 절대 오차", "손실", "회귀")
    formula = "y = mean(abs(prediction - target))"
    gradients = {
        "prediction": "g · sign(prediction - target) / count(prediction)",
        "target": "-g · sign(prediction - target) / count(prediction)",
    }
    exports = {"torch": "torch.nn.functional.l1_loss"}
    samples = _SAMPLES

    def forward(self, prediction: Array, target: Target) -> Array:
        y: Array = np.mean(np.absolute(prediction - target))
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        passed = (g / prediction.size) * np.sign(prediction - target)
        return {"prediction": passed, "target": -passed}

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        return compared(self, prediction, target)


class Huber(Op):
    """Squared for small errors and straight for large ones: smooth at 0 as the squared error, calm
    about outliers as the absolute one."""

    delta: float = setting(
        1.0, low=1e-6, help=N_("The size of an error from which on the loss is straight.")
    )

    title, name = "Huber Loss", "huber"
    symbol, category = "Huber", "loss"
    aliases = ("smooth l1", "robust", "regression", "후버", "손실", "회귀")
    formula = (
        "y = mean((prediction - target) ^ 2 / 2 if abs(prediction - target) < delta"
        " else delta · (abs(prediction - target) - delta / 2))"
    )
    gradients = {
        "prediction": "g · clip(prediction - target, -delta, delta) / count(prediction)",
        "target": "-g · clip(prediction - target, -delta, delta) / count(prediction)",
    }
    exports = {"torch": "torch.nn.functional.huber_loss"}
    samples = _SAMPLES

    def forward(self, prediction: Array, target: Target) -> Array:
        away = np.absolute(prediction - target)
        small = np.minimum(away, self.delta)
        y: Array = np.mean(small * (away - 0.5 * small))
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        held = np.minimum(np.maximum(prediction - target, -self.delta), self.delta)
        passed = (g / prediction.size) * held
        return {"prediction": passed, "target": -passed}

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        return compared(self, prediction, target)


class Hinge(Op):
    """The loss of a support vector machine with two classes: 0 as soon as a score lies on the right
    side by the margin, else what is missing. Answers of 0 and 1 stand for the sides − and +."""

    margin: float = setting(1.0, low=0.0, help=N_("How far on the right side is far enough."))

    title, name = "Hinge Loss", "hinge"
    symbol, category = "hinge", "loss"
    aliases = ("svm", "support vector machine", "margin", "classification", "힌지", "손실", "분류")
    formula = "y = mean(relu(margin - (2 · target - 1) · prediction))"
    gradients = {
        "prediction": (
            "(g · (1 - 2 · target) if (2 · target - 1) · prediction < margin else 0)"
            " / count(prediction)"
        ),
        "target": (
            "(-2 · g · prediction if (2 · target - 1) · prediction < margin else 0)"
            " / count(prediction)"
        ),
    }
    domain = {"target": (0.0, 1.0)}
    boundary = 0.0
    samples = _SAMPLES

    def forward(self, prediction: Array, target: Target) -> Array:
        missing = self.margin - (2.0 * target - 1.0) * prediction
        y: Array = np.mean(np.maximum(missing, 0.0))  # type: ignore[assignment]
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        side = 2.0 * target - 1.0
        counted = np.where(self.margin - side * prediction > 0, g / prediction.size, 0.0)
        return {"prediction": -counted * side, "target": -2.0 * counted * prediction}

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        return compared(self, prediction, target)


class MulticlassHinge(Op):
    """The loss of a support vector machine with several classes: for each wrong class what its
    score lacks to lie below the right one by the margin. Answers are 1 for the right class."""

    margin: float = setting(1.0, low=0.0, help=N_("How far above the others is far enough."))

    title, name = "Multi-class Hinge Loss", "multiclass_hinge"
    symbol, category = "SVM", "loss"
    aliases = ("svm", "support vector machine", "hinge", "margin", "다중 힌지", "손실", "분류")
    formula = (
        "y = mean(sum((1 - target) · relu(prediction - sum(prediction · target, -1) + margin), -1))"
    )
    gradients = {
        "prediction": (
            "g · count(prediction, -1) / count(prediction) · ("
            "((1 - target) if prediction - sum(prediction · target, -1) + margin > 0 else 0)"
            " - target · sum((1 - target)"
            " if prediction - sum(prediction · target, -1) + margin > 0 else 0, -1))"
        ),
        "target": (
            "-g · count(prediction, -1) / count(prediction) · ("
            "relu(prediction - sum(prediction · target, -1) + margin)"
            " + prediction · sum((1 - target)"
            " if prediction - sum(prediction · target, -1) + margin > 0 else 0, -1))"
        ),
    }
    domain = {"target": (0.0, 1.0)}
    boundary = 0.0
    samples = _CLASSES

    def forward(self, prediction: Array, target: Target) -> Array:
        missing = np.maximum(self._missing(prediction, target), 0.0)
        lacking: Array = (1.0 - target) * missing
        y: Array = np.sum(lacking) / _rows(prediction)
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        missing = self._missing(prediction, target)
        share = g / _rows(prediction)
        wrong = np.where(missing > 0, 1.0 - target, 0.0)
        pulled = np.sum(wrong, axis=-1, keepdims=True)
        return {
            "prediction": share * (wrong - target * pulled),
            "target": -share * (np.maximum(missing, 0.0) + prediction * pulled),
        }

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        return _of_classes(self, prediction, target)

    def _missing(self, prediction: Array, target: Array) -> Array:
        right = np.sum(prediction * target, axis=-1, keepdims=True)
        missing: Array = prediction - right + self.margin
        return missing


class BinaryCrossEntropyWithLogits(Op):
    """Binary cross entropy of a score instead of a probability: the sigmoid is inside, so it stays
    exact where that is 0 or 1 to the last digit. Its gradient is the probability less the answer.
    """

    title, name = "Binary Cross Entropy with Logits", "binary_cross_entropy_with_logits"
    symbol, category = "BCE logits", "loss"
    aliases = ("log loss", "logistic", "sigmoid loss", "이진 교차 엔트로피", "로짓", "손실")
    formula = "y = mean(log(1 + exp(prediction)) - target · prediction)"
    gradients = {
        "prediction": "g · (1 / (1 + exp(-prediction)) - target) / count(prediction)",
        "target": "-g · prediction / count(prediction)",
    }
    exports = {"torch": "torch.nn.functional.binary_cross_entropy_with_logits"}
    domain = {"target": (0.0, 1.0)}
    boundary = 0.0
    samples = _SAMPLES

    def forward(self, prediction: Array, target: Target) -> Array:
        y: Array = np.mean(np.logaddexp(prediction, 0.0) - target * prediction)
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        share = g / prediction.size
        return {
            "prediction": share * (Sigmoid().forward(prediction) - target),
            "target": -share * prediction,
        }

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        return compared(self, prediction, target)


class CrossEntropyFromProbabilities(Op):
    """How surprised one is by the right class, when each row gives a probability for every class,
    as a softmax does. The logarithm stops at -100, so that it stays finite."""

    title, name = "Cross Entropy from Probabilities", "cross_entropy_from_probabilities"
    symbol, category = "CE prob", "loss"
    aliases = ("log loss", "categorical", "classification", "교차 엔트로피", "확률", "손실", "분류")
    formula = "y = -mean(sum(target · max(log(prediction), -100), -1))"
    gradients = {
        "prediction": (
            "-g · target / max(prediction, 1e-12) · count(prediction, -1) / count(prediction)"
        ),
        "target": "-g · max(log(prediction), -100) · count(prediction, -1) / count(prediction)",
    }
    domain = {"prediction": (0.0, 1.0), "target": (0.0, 1.0)}
    samples = _CLASSES

    def forward(self, prediction: Array, target: Target) -> Array:
        surprise = np.maximum(np.log(prediction), -100.0)
        y: Array = -np.sum(target * surprise) / _rows(prediction)
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        share = g / _rows(prediction)
        return {
            "prediction": -share * target / np.maximum(prediction, 1e-12),
            "target": -share * np.maximum(np.log(prediction), -100.0),
        }

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        return _of_classes(self, prediction, target)


def _rows(prediction: Array) -> int:
    rows: int = prediction.size // prediction.shape[-1]
    return rows


def _of_classes(op: Op, prediction: Shape, target: Shape) -> Shape:
    if prediction.features:
        return compared(op, prediction, target)
    raise op.clash(
        N_(
            "{label} needs a number for each class, but {prediction} gives one number per row. "
            "Give the layer before as many units as there are classes."
        )
    )
