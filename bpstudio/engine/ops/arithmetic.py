"""Gates of arithmetic: the lecture's distributor, switcher and router, and their neighbours."""

from __future__ import annotations

import numpy as np

from bpstudio.engine.op import Array, Gradients, Op, setting
from bpstudio.language import N_


class Add(Op):
    """Adds its inputs. Backward it is a distributor: both get the upstream gradient unchanged."""

    symbol = "+"
    aliases = ("plus", "sum", "distributor", "더하기", "덧셈", "합")
    formula = "y = a + b"
    gradients = {"a": "g", "b": "g"}
    exports = {"onnx": "Add", "torch": "torch.add", "numpy": "np.add"}

    def forward(self, a: Array, b: Array) -> Array:
        return np.add(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {"a": g, "b": g}


class Subtract(Op):
    """Takes the second input from the first. Backward the second gets the gradient with its sign
    turned round."""

    symbol = "−"
    aliases = ("minus", "difference", "빼기", "뺄셈", "차")
    formula = "y = a - b"
    gradients = {"a": "g", "b": "-g"}
    exports = {"onnx": "Sub", "torch": "torch.subtract", "numpy": "np.subtract"}

    def forward(self, a: Array, b: Array) -> Array:
        return np.subtract(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {"a": g, "b": -g}


class Multiply(Op):
    """Multiplies its inputs. Backward it is a switcher: each gets the other's value times g."""

    symbol = "×"
    aliases = ("times", "product", "switcher", "곱하기", "곱셈", "곱")
    formula = "y = a · b"
    gradients = {"a": "g · b", "b": "g · a"}
    exports = {"onnx": "Mul", "torch": "torch.multiply", "numpy": "np.multiply"}

    def forward(self, a: Array, b: Array) -> Array:
        return np.multiply(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        return {"a": g * b, "b": g * a}


class Divide(Op):
    """Divides the first input by the second. The smaller the divisor, the more a change of either
    input moves the result."""

    symbol = "÷"
    aliases = ("over", "quotient", "ratio", "나누기", "나눗셈", "몫")
    formula = "y = a / b"
    gradients = {"a": "g / b", "b": "-g · y / b"}
    exports = {"onnx": "Div", "torch": "torch.divide", "numpy": "np.divide"}

    def forward(self, a: Array, b: Array) -> Array:
        return np.divide(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        passed = g / b
        return {"a": passed, "b": -passed * y}


class Power(Op):
    """Raises the first input to the power of the second. The exponent has a slope only where the
    base is positive; elsewhere it gets 0."""

    symbol = "aᵇ"
    aliases = ("pow", "exponent", "^", "거듭제곱", "제곱", "지수")
    formula = "y = a ^ b"
    gradients = {
        "a": "0 if b == 0 else g · b · a ^ (b - 1)",
        "b": "g · y · log(a) if a > 0 else 0",
    }
    exports = {"onnx": "Pow", "torch": "torch.pow", "numpy": "np.power"}
    domain = {"a": (0.0, np.inf)}

    def forward(self, a: Array, b: Array) -> Array:
        return np.power(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        positive = a > 0
        logarithm = np.log(np.where(positive, a, 1.0))
        return {
            "a": np.where(b == 0, 0.0, g * b * np.power(a, b - 1.0)),
            "b": np.where(positive, g * y * logarithm, 0.0),
        }


class Max(Op):
    """Lets the larger input through. Backward it is a router: the larger one gets the whole
    gradient, the other nothing; at a tie each gets half."""

    symbol = "max"
    aliases = ("maximum", "larger", "router", "최대", "최댓값", "큰 값")
    formula = "y = max(a, b)"
    gradients = {
        "a": "g if a > b else g / 2 if a == b else 0",
        "b": "g if b > a else g / 2 if a == b else 0",
    }
    exports = {"onnx": "Max", "torch": "torch.maximum", "numpy": "np.maximum"}

    def forward(self, a: Array, b: Array) -> Array:
        return np.maximum(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        to_b = np.where(b > a, g, np.where(a == b, 0.5 * g, 0.0))
        return {"a": g - to_b, "b": to_b}


class Min(Op):
    """Lets the smaller input through. Backward the smaller one gets the whole gradient, the other
    nothing; at a tie each gets half."""

    symbol = "min"
    aliases = ("minimum", "smaller", "router", "최소", "최솟값", "작은 값")
    formula = "y = min(a, b)"
    gradients = {
        "a": "g if a < b else g / 2 if a == b else 0",
        "b": "g if b < a else g / 2 if a == b else 0",
    }
    exports = {"onnx": "Min", "torch": "torch.minimum", "numpy": "np.minimum"}

    def forward(self, a: Array, b: Array) -> Array:
        return np.minimum(a, b)

    def backward(self, g: Array, y: Array, a: Array, b: Array) -> Gradients:
        to_b = np.where(b < a, g, np.where(a == b, 0.5 * g, 0.0))
        return {"a": g - to_b, "b": to_b}


class Clip(Op):
    """Keeps the input between two bounds. The gradient goes through between them, bounds included,
    and nowhere else."""

    low: float = setting(-1.0, help=N_("The lower bound."))
    high: float = setting(1.0, help=N_("The upper bound; where it is the smaller, it wins."))

    symbol = "clip"
    aliases = ("clamp", "limit", "bounds", "자르기", "제한", "범위")
    formula = "y = clip(x, low, high)"
    gradients = {"x": "(g if x <= high else 0) if x >= low else 0"}
    exports = {"onnx": "Clip", "torch": "torch.clamp", "numpy": "np.clip"}

    def forward(self, x: Array) -> Array:
        return np.minimum(np.maximum(x, self.low), self.high)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": np.where(x >= self.low, np.where(x <= self.high, g, 0.0), 0.0)}


class Where(Op):
    """A switch: the second input where the condition is not 0, the third elsewhere. The gradient
    takes the same way back; the condition gets none."""

    symbol = "if"
    aliases = ("choose", "select", "switch", "condition", "조건", "선택", "만약")
    formula = "y = then if condition else other"
    gradients = {"then": "g if condition else 0", "other": "0 if condition else g"}
    exports = {"onnx": "Where", "torch": "torch.where", "numpy": "np.where"}

    def forward(self, condition: Array, then: Array, other: Array) -> Array:
        return np.where(condition != 0, then, other)

    def backward(
        self, g: Array, y: Array, condition: Array, then: Array, other: Array
    ) -> Gradients:
        chosen = condition != 0
        return {"then": np.where(chosen, g, 0.0), "other": np.where(chosen, 0.0, g)}


class Negate(Op):
    """Turns the sign round, forward and backward."""

    symbol = "×(−1)"
    aliases = ("minus", "negative", "opposite", "부호 바꾸기", "음수")
    formula = "y = -x"
    gradients = {"x": "-g"}
    exports = {"onnx": "Neg", "torch": "torch.negative", "numpy": "np.negative"}

    def forward(self, x: Array) -> Array:
        return np.negative(x)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": -g}


class Scale(Op):
    """Multiplies by a fixed number. Backward the gradient is multiplied by the same number."""

    factor: float = setting(2.0, help=N_("The number to multiply by."))

    symbol = "×{factor:g}"
    aliases = ("times", "constant", "gain", "상수배", "배율", "곱하기")
    formula = "y = factor · x"
    gradients = {"x": "factor · g"}

    def forward(self, x: Array) -> Array:
        return np.multiply(x, self.factor)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": self.factor * g}


class Shift(Op):
    """Adds a fixed number. Backward the gradient goes through unchanged."""

    offset: float = setting(1.0, help=N_("The number to add."))

    symbol = "{offset:+g}"
    aliases = ("plus", "constant", "offset", "상수 더하기", "이동")
    formula = "y = x + offset"
    gradients = {"x": "g"}

    def forward(self, x: Array) -> Array:
        return np.add(x, self.offset)

    def backward(self, g: Array, y: Array, x: Array) -> Gradients:
        return {"x": g}
