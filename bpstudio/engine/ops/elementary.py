"""Gates for the functions of one number that everybody knows from school."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op


class Reciprocal(Op):
    """One divided by the input. Its slope is always negative: a larger input, a smaller result."""

    symbol = "1/x"
    aliases = ("inverse", "one over", "역수", "나누기")
    formula = "y = 1 / x"
    gradients = {"x": "-g · y ^ 2"}
    exports = {"onnx": "Reciprocal", "torch": "torch.reciprocal", "numpy": "np.reciprocal"}

    def forward(self, x: Array) -> Array:
        return np.divide(1.0, x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": -g * (y * y)}


class Exp(Op):
    """e to the power of the input. It is its own slope, so backward multiplies by the output."""

    symbol = "exp"
    aliases = ("exponential", "e^x", "지수", "지수 함수")
    formula = "y = exp(x)"
    gradients = {"x": "g · y"}
    exports = {"onnx": "Exp", "torch": "torch.exp", "numpy": "np.exp"}

    def forward(self, x: Array) -> Array:
        return np.exp(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * y}


class Log(Op):
    """The natural logarithm, of positive numbers only. Near 0 its slope grows without bound."""

    symbol = "ln"
    aliases = ("logarithm", "ln", "natural", "로그", "자연로그")
    formula = "y = log(x)"
    gradients = {"x": "g / x"}
    exports = {"onnx": "Log", "torch": "torch.log", "numpy": "np.log"}
    domain = {"x": (0.0, np.inf)}

    def forward(self, x: Array) -> Array:
        return np.log(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g / x}


class Sqrt(Op):
    """The square root, of positive numbers only. Near 0 its slope grows without bound."""

    symbol = "√"
    title = "Square Root"
    name = "sqrt"
    aliases = ("root", "sqrt", "제곱근", "루트")
    formula = "y = sqrt(x)"
    gradients = {"x": "g / (2 · y)"}
    exports = {"onnx": "Sqrt", "torch": "torch.sqrt", "numpy": "np.sqrt"}
    domain = {"x": (0.0, np.inf)}

    def forward(self, x: Array) -> Array:
        return np.sqrt(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g / (2.0 * y)}


class Square(Op):
    """The input times itself. Its slope is twice the input, so it is flat at 0."""

    symbol = "x²"
    aliases = ("squared", "power 2", "제곱")
    formula = "y = x ^ 2"
    gradients = {"x": "g · 2 · x"}
    exports = {"torch": "torch.square", "numpy": "np.square"}

    def forward(self, x: Array) -> Array:
        return np.multiply(x, x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * (2.0 * x)}


class Abs(Op):
    """The distance from 0. Backward the gradient keeps its sign right of 0, turns it round left of
    0, and is blocked at 0 itself."""

    symbol = "|x|"
    title = "Absolute Value"
    name = "abs"
    aliases = ("absolute", "magnitude", "abs", "절댓값", "절대값")
    formula = "y = abs(x)"
    gradients = {"x": "g · sign(x)"}
    exports = {"onnx": "Abs", "torch": "torch.abs", "numpy": "np.abs"}

    def forward(self, x: Array) -> Array:
        return np.absolute(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * np.sign(x)}


class Sin(Op):
    """The sine of an angle in radians. Its slope is the cosine."""

    symbol = "sin"
    title = "Sine"
    name = "sin"
    aliases = ("sine", "wave", "사인", "삼각함수")
    formula = "y = sin(x)"
    gradients = {"x": "g · cos(x)"}
    exports = {"onnx": "Sin", "torch": "torch.sin", "numpy": "np.sin"}

    def forward(self, x: Array) -> Array:
        return np.sin(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g * np.cos(x)}


class Cos(Op):
    """The cosine of an angle in radians. Its slope is the negative sine."""

    symbol = "cos"
    title = "Cosine"
    name = "cos"
    aliases = ("cosine", "wave", "코사인", "삼각함수")
    formula = "y = cos(x)"
    gradients = {"x": "-g · sin(x)"}
    exports = {"onnx": "Cos", "torch": "torch.cos", "numpy": "np.cos"}

    def forward(self, x: Array) -> Array:
        return np.cos(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": -g * np.sin(x)}
