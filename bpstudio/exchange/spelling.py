"""Expressions as Python text, in the words of NumPy or of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bpstudio.engine.expression import (
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    Name,
    Negate,
    Number,
    fold,
)
from bpstudio.engine.tree import ATOM, BINDING, MINUS, PRODUCT, SUM
from bpstudio.exchange import noted
from bpstudio.exchange.numpy_helpers import BROUGHT
from bpstudio.exchange.text import number

Spelling = str | Callable[[Sequence[str]], str]
"""How a call is written: a template with `{0}` for its first argument, or a rule. Where `{0}` has a
sign before it or a dot after it, the argument is put in parentheses if it needs them."""


@dataclass(frozen=True)
class Dialect:
    """The words of a library.

    `calls` is by name, or by name and number of arguments as in `sum/2`. `where` takes condition,
    value if true, value if false. `constant` is how a bare number becomes an array, for libraries
    whose functions take arrays only, and `clamped` how max and min of an array and a number are
    written there.
    """

    where: str
    calls: Mapping[str, Spelling]
    constant: str = "{0}"
    clamped: Mapping[str, str] = field(default_factory=dict)


class Written(NamedTuple):
    """The text of a part, how tightly it binds, whether it is made of numbers alone, and, for a
    comparison, its text as a condition."""

    text: str
    binding: int
    constant: bool = False
    condition: str = ""


def spell(expression: Expression, names: Mapping[str, str], dialect: Dialect) -> str:
    """The expression as Python, with `names` for the variables in it."""

    def visit(part: Expression, parts: Sequence[Written]) -> Written:
        constant = bool(parts) and all(each.constant for each in parts)
        if constant and not isinstance(part, Negate | Binary):
            return _folded_away(part)
        if constant and not np.isfinite(noted.evaluate(part, {})):
            return _folded_away(part)
        match part:
            case Number(value):
                return _number(value)
            case Name(name):
                return Written(names[name], ATOM)
            case Negate():
                return Written("-" + _inside(parts[0], MINUS + 1), MINUS, constant)
            case Binary(sign):
                return _binary(sign, parts, constant)
            case Compare(sign):
                text = f"{_inside(parts[0], SUM)} {sign} {_inside(parts[1], SUM)}"
                return Written(dialect.where.format(text, "1.0", "0.0"), ATOM, False, text)
            case Choice():
                then, condition, other = parts
                text = condition.condition or f"{_inside(condition, SUM)} != 0"
                text = dialect.constant.format(text) if condition.constant else text
                return Written(dialect.where.format(text, then.text, other.text), ATOM)
            case Call(function):
                return _call(function, parts, dialect)
        raise TypeError(f"no code for {part!r}")

    return fold(expression, visit).text


def functions(expression: Expression) -> frozenset[str]:
    """The functions that are called in it."""
    found: set[str] = set()

    def visit(part: Expression, _: Sequence[None]) -> None:
        if isinstance(part, Call):
            found.add(part.function)

    fold(expression, visit)
    return frozenset(found)


def plain_number(value: float) -> str:
    """A number as people write it: 2 for 2.0."""
    whole = float(value).is_integer() and abs(value) < 1e16
    return str(int(value)) if whole else repr(float(value))


def _folded_away(part: Expression) -> Written:
    """A part made of numbers alone, of which the library's functions or Python would complain."""
    text = number(float(noted.evaluate(part, {})))
    return Written(text, MINUS if text.startswith("-") else ATOM, True)


def _number(value: float) -> Written:
    text = plain_number(value)
    return Written(text, MINUS if text.startswith("-") else ATOM, True)


def _binary(sign: str, parts: Sequence[Written], constant: bool) -> Written:
    binding = BINDING[sign]
    left, right = (binding + 1, MINUS) if sign == "^" else (binding, binding + 1)
    shown = {"^": "**"}.get(sign, sign)
    text = f"{_inside(parts[0], left)} {shown} {_inside(parts[1], right)}"
    return Written(text, binding, constant)


def _call(function: str, parts: Sequence[Written], dialect: Dialect) -> Written:
    if function in ("max", "min"):
        return _folded(function, parts, dialect)
    spelling = dialect.calls.get(f"{function}/{len(parts)}") or dialect.calls[function]
    if not isinstance(spelling, str):
        return Written(spelling([each.text for each in parts]), ATOM)
    tight = spelling.startswith("{0}.") or "-{0}" in spelling
    first = _inside(parts[0], ATOM) if tight else parts[0].text
    text = spelling.format(first, *(each.text for each in parts[1:]))
    return Written(text, PRODUCT if " / " in spelling else ATOM)


def _folded(function: str, parts: Sequence[Written], dialect: Dialect) -> Written:
    """max and min of two at a time, as the libraries have them."""
    whole = parts[0]
    for part in parts[1:]:
        number, other = (whole, part) if whole.constant else (part, whole)
        if number.constant and dialect.clamped and not other.constant:
            text = dialect.clamped[function].format(other.text, number.text)
        else:
            texts = (
                _as_array(each, dialect) if each.constant else each.text for each in (whole, part)
            )
            text = dialect.calls[function].format(*texts)  # type: ignore[union-attr]
        whole = Written(text, ATOM, whole.constant and part.constant)
    return whole


def _as_array(written: Written, dialect: Dialect) -> str:
    """A number as an array of floats, for libraries that take arrays only."""
    plain = dialect.constant == "{0}"
    return written.text if plain else dialect.constant.format(f"float({written.text})")


def _inside(written: Written, loosest: int) -> str:
    return written.text if written.binding >= loosest else f"({written.text})"


def _contract(texts: Sequence[str]) -> str:
    axes = tuple(range(int(texts[2])))
    return f"np.tensordot({texts[0]}, {texts[1]}, axes=({axes}, {axes}))"


def _called(name: str) -> Callable[[Sequence[str]], str]:
    """A call of a function that the script brings along."""
    return lambda texts: f"{name}({', '.join(texts)})"


def _pictures(rule: str) -> str:
    """A function of PyTorch, whose pictures have their channels first."""
    return f"nn.functional.{rule}.movedim(-3, -1)"


def _reshaped_in_torch(texts: Sequence[str]) -> str:
    x, keep, *size = texts
    kept = [f"{x}.shape[{axis}]" for axis in range(int(keep))]
    return f"torch.reshape({x}, ({', '.join([*kept, *size])},))"


SAME_IN_TORCH = (
    *("exp", "log", "sqrt", "sin", "cos", "tan", "tanh"),
    *("sigmoid", "relu", "erf", "abs", "sign"),
)

NUMPY = Dialect(
    where="np.where({0}, {1}, {2})",
    calls={
        "exp": "np.exp({0})",
        "log": "np.log({0})",
        "sqrt": "np.sqrt({0})",
        "sin": "np.sin({0})",
        "cos": "np.cos({0})",
        "tan": "np.tan({0})",
        "tanh": "np.tanh({0})",
        "sigmoid": "1 / (1 + np.exp(-{0}))",
        "relu": "np.maximum({0}, 0)",
        "softplus": "np.logaddexp(0, {0})",
        "erf": "erf({0})",
        "max": "np.maximum({0}, {1})",
        "min": "np.minimum({0}, {1})",
        "abs": "np.abs({0})",
        "sign": "np.sign({0})",
        "step": "np.where({0} > 0, 1.0, 0.0)",
        "clip": "np.clip({0}, {1}, {2})",
        "where": "np.where({0} != 0, {1}, {2})",
        "softmax": "softmax({0})",
        "log_softmax": "log_softmax({0})",
        "sum": "np.sum({0})",
        "sum/2": "np.sum({0}, axis={1}, keepdims=True)",
        "mean": "np.mean({0})",
        "mean/2": "np.mean({0}, axis={1}, keepdims=True)",
        "largest": "np.max({0})",
        "largest/2": "np.max({0}, axis={1}, keepdims=True)",
        "count": "np.size({0})",
        "count/2": "np.size({0}, {1})",
        "transpose": "{0}.T",
        "sum_over": "np.sum({0}, axis={1})",
        "mean_over": "np.mean({0}, axis={1})",
        "largest_over": "np.max({0}, axis={1})",
        "expand": "np.expand_dims({0}, {1})",
        "squeeze": "np.squeeze({0}, {1})",
        "contract": _contract,
        **{name: _called(name) for name in BROUGHT},
        "repeated": "np.repeat({0}, {1}, axis=-1)",
        "like": "np.reshape({0}, np.shape({1}))",
        "part": "np.take({0}, range({1}, {1} + {2}), axis={3})",
        "joined": lambda texts: f"np.concatenate([{', '.join(texts[1:])}], axis={texts[0]})",
    },
)

TORCH = Dialect(
    where="torch.where({0}, {1}, {2})",
    constant="torch.tensor({0})",
    clamped={"max": "torch.clamp({0}, min={1})", "min": "torch.clamp({0}, max={1})"},
    calls={
        **{name: f"torch.{name}({{0}})" for name in SAME_IN_TORCH},
        "softplus": "torch.logaddexp({0}, torch.tensor(0.0))",
        "max": "torch.maximum({0}, {1})",
        "min": "torch.minimum({0}, {1})",
        "step": "torch.where({0} > 0, 1.0, 0.0)",
        "clip": "torch.clamp({0}, {1}, {2})",
        "where": "torch.where({0} != 0, {1}, {2})",
        "softmax": "torch.softmax({0}, dim=-1)",
        "log_softmax": "torch.log_softmax({0}, dim=-1)",
        "sum": "torch.sum({0})",
        "sum/2": "torch.sum({0}, dim={1}, keepdim=True)",
        "mean": "torch.mean({0})",
        "mean/2": "torch.mean({0}, dim={1}, keepdim=True)",
        "largest": "torch.amax({0})",
        "largest/2": "torch.amax({0}, dim={1}, keepdim=True)",
        "count": "{0}.numel()",
        "count/2": "{0}.shape[{1}]",
        "transpose": "{0}.mT",
        "sum_over": "torch.sum({0}, dim={1})",
        "mean_over": "torch.mean({0}, dim={1})",
        "largest_over": "torch.amax({0}, dim={1})",
        "expand": "{0}.unsqueeze({1})",
        "squeeze": "{0}.squeeze({1})",
        "column_mean": "torch.mean({0}.flatten(0, -2), dim=0)",
        "largest_of": "torch.amax({0}.unflatten(-1, (-1, {1})), dim=-1)",
        "sum_of": "torch.sum({0}.unflatten(-1, (-1, {1})), dim=-1)",
        "repeated": "torch.repeat_interleave({0}, {1}, dim=-1)",
        "reshape": _reshaped_in_torch,
        "like": "torch.reshape({0}, {1}.shape)",
        "part": "torch.narrow({0}, {3}, {1}, {2})",
        "joined": lambda texts: f"torch.cat([{', '.join(texts[1:])}], dim={texts[0]})",
        "convolve": _pictures(
            "conv2d({0}.movedim(-1, -3), {1}.permute(3, 2, 0, 1), stride={2}, padding={3})"
        ),
        "pool_largest": _pictures("max_pool2d({0}.movedim(-1, -3), {1}, {2})"),
        "pool_mean": _pictures("avg_pool2d({0}.movedim(-1, -3), {1}, {2})"),
    },
)

NUMPY_DEEP = Dialect(
    NUMPY.where, {**NUMPY.calls, "transpose": "np.swapaxes({0}, -1, -2)"}, NUMPY.constant
)
"""NumPy for arrays of more than two axes, whose last two a transposition exchanges."""
