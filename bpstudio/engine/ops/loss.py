"""Losses: one number for how wrong a prediction is, averaged over the batch."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op, Target
from bpstudio.engine.shapes import Shape
from bpstudio.language import N_


class SquaredError(Op):
    """The mean of the squared differences. Its gradient grows with the error, so large mistakes
    count most."""

    symbol, category = "MSE", "loss"
    aliases = ("mean squared error", "mse", "L2", "regression", "평균 제곱 오차", "손실", "회귀")
    formula = "y = mean((prediction - target) ^ 2)"
    gradients = {
        "prediction": "g · 2 · (prediction - target) / count(prediction)",
        "target": "-g · 2 · (prediction - target) / count(prediction)",
    }
    exports = {"torch": "torch.nn.functional.mse_loss"}
    samples = (
        {"prediction": (5, 2), "target": (5, 2)},
        {"prediction": (4,), "target": (4,)},
        {"prediction": (), "target": ()},
    )

    def forward(self, prediction: Array, target: Target) -> Array:
        y: Array = np.mean(np.square(prediction - target))
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        passed = (g * (2.0 / prediction.size)) * (prediction - target)
        return {"prediction": passed, "target": -passed}

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        return compared(self, prediction, target)


class BinaryCrossEntropy(Op):
    """How surprised one is by the right answer, when the prediction is the probability of 1. To be
    sure and wrong costs most; the logarithm stops at -100, so that it stays finite."""

    symbol, category = "BCE", "loss"
    aliases = (
        "log loss",
        "bce",
        "logistic",
        "classification",
        "이진 교차 엔트로피",
        "손실",
        "분류",
    )
    formula = (
        "y = -mean(target · max(log(prediction), -100)"
        " + (1 - target) · max(log(1 - prediction), -100))"
    )
    gradients = {
        "prediction": (
            "g · (prediction - target) / max(prediction · (1 - prediction), 1e-12)"
            " / count(prediction)"
        ),
        "target": (
            "g · (max(log(1 - prediction), -100) - max(log(prediction), -100)) / count(prediction)"
        ),
    }
    exports = {"torch": "torch.nn.functional.binary_cross_entropy"}
    domain = {"prediction": (0.0, 1.0), "target": (0.0, 1.0)}
    samples = (
        {"prediction": (5, 1), "target": (5, 1)},
        {"prediction": (4,), "target": (4,)},
        {"prediction": (), "target": ()},
    )

    def forward(self, prediction: Array, target: Target) -> Array:
        yes = np.maximum(np.log(prediction), -100.0)
        no = np.maximum(np.log(1.0 - prediction), -100.0)
        y: Array = np.mean((target - 1.0) * no - target * yes)
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        share = g / prediction.size
        yes = np.maximum(np.log(prediction), -100.0)
        no = np.maximum(np.log(1.0 - prediction), -100.0)
        slope = np.maximum(prediction * (1.0 - prediction), 1e-12)
        return {
            "prediction": share * (prediction - target) / slope,
            "target": share * (no - yes),
        }

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        return compared(self, prediction, target)


class CrossEntropy(Op):
    """How surprised one is by the right class, after a softmax of the scores in each row. Its
    gradient is the probability given minus the one wanted."""

    symbol, category = "CE", "loss"
    aliases = ("softmax loss", "log loss", "classification", "교차 엔트로피", "손실", "분류")
    formula = "y = -mean(sum(target · log(softmax(prediction)), -1))"
    gradients = {
        "prediction": (
            "g · (softmax(prediction) · sum(target, -1) - target)"
            " · count(prediction, -1) / count(prediction)"
        ),
        "target": "-g · log(softmax(prediction)) · count(prediction, -1) / count(prediction)",
    }
    exports = {
        "onnx": "SoftmaxCrossEntropyLoss",
        "torch": "torch.nn.functional.cross_entropy",
    }
    domain = {"target": (0.0, 1.0)}
    samples = (
        {"prediction": (5, 3), "target": (5, 3)},
        {"prediction": (4,), "target": (4,)},
        {"prediction": (1, 2), "target": (1, 2)},
    )

    def forward(self, prediction: Array, target: Target) -> Array:
        shifted = prediction - np.max(prediction, axis=-1, keepdims=True)
        total = np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
        rows = prediction.size // prediction.shape[-1]
        y: Array = np.sum(target * (total - shifted)) / rows
        return y

    def backward(self, g: Array, y: Array, prediction: Array, target: Array) -> Gradients:
        shifted = prediction - np.max(prediction, axis=-1, keepdims=True)
        raised = np.exp(shifted)
        total = np.sum(raised, axis=-1, keepdims=True)
        share = g / (prediction.size // prediction.shape[-1])
        wanted = np.sum(target, axis=-1, keepdims=True)
        return {
            "prediction": share * (raised * (wanted / total) - target),
            "target": share * (np.log(total) - shifted),
        }

    def shape(self, prediction: Shape, target: Shape) -> Shape:
        if prediction.features:
            return compared(self, prediction, target)
        raise self.clash(
            N_(
                "{label} needs a score for each class, but {prediction} gives one number per row. "
                "Use Binary Cross Entropy after a sigmoid, or give the layer before as many units "
                "as there are classes."
            )
        )


def compared(op: Op, prediction: Shape, target: Shape) -> Shape:
    """One number; broadcasting answers against predictions is a mistake, never a wish."""
    if prediction == target:
        return Shape(())
    raise op.clash(
        N_(
            "{label} compares ({have}) from {prediction} with answers of ({wanted}). "
            "They need the same shape: change the number of units of the last layer."
        ),
        have=prediction,
        wanted=target,
    )
