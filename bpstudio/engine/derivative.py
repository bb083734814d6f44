"""The derivative of a formula that works entry by entry, by the chain rule over its tree.

One table of local rules serves twice: with numbers in place of names it is the backward pass of a
gate, with formulas in place of names it is the text that people read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from typing import Any

import numpy as np

from bpstudio.engine.expression import (
    OUTPUT,
    SIGNS,
    UPSTREAM,
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    Name,
    Negate,
    Number,
    evaluate,
    fold,
    parse,
    write,
)
from bpstudio.engine.functions import CONSTANTS, FUNCTIONS
from bpstudio.engine.special import erf
from bpstudio.engine.tree import names, position, with_parts
from bpstudio.errors import FormulaError
from bpstudio.language import N_

MOST_PARTS = 500
"""A formula has at most so many signs, functions, names and numbers."""
LONGEST_TEXT = 400
"""A derivative that is longer is not shown as text."""

_OPERANDS = ("a", "b", "c")
# For each operand its gradient, where g is what arrives and y what the part gives; "" where none
# passes. A tie in max and min splits evenly and a kink has slope 0, as the gates of these names do.
_RULES: Mapping[str, tuple[str, ...]] = {
    "negate": ("-g",),
    "+": ("g", "g"),
    "-": ("g", "-g"),
    "*": ("g * b", "g * a"),
    "/": ("g / b", "-g * y / b"),
    "^": (
        "0 if b == 0 else g * b * a ^ (b - 1)",
        "g * y * log(a if a > 0 else 1) if a > 0 else 0",
    ),
    "choice": ("g if b else 0", "", "0 if b else g"),
    "max": (
        "0 if a < b else g * (0.5 if a == b else 1)",
        "0 if b < a else g * (0.5 if a == b else 1)",
    ),
    "min": (
        "0 if a > b else g * (0.5 if a == b else 1)",
        "0 if b > a else g * (0.5 if a == b else 1)",
    ),
    "clip": (
        "0 if a < b else 0 if a > c else g",
        "0 if max(a, b) > c else g if a < b else 0",
        "g if max(a, b) > c else 0",
    ),
    "exp": ("g * y",),
    "log": ("g / a",),
    "sqrt": ("g / (2 * y)",),
    "sin": ("g * cos(a)",),
    "cos": ("-g * sin(a)",),
    "tan": ("g * (1 + y ^ 2)",),
    "tanh": ("g * (1 - y ^ 2)",),
    "sigmoid": ("g * y * (1 - y)",),
    "relu": ("g if a > 0 else 0",),
    "softplus": ("g * sigmoid(a)",),
    "erf": (f"g * {2 / math.sqrt(math.pi)!r} * exp(-a ^ 2)",),
    "abs": ("g * sign(a)",),
    "sign": ("",),
    "step": ("",),
    "compare": ("", ""),
}


@dataclass(frozen=True)
class Part:
    """A part of a formula, the places of what it is made of, and the rule for each of these.

    A rule is None where no gradient passes; it stands over the names of `_OPERANDS`, g and y.
    """

    expression: Expression
    inner: tuple[int, ...]
    rules: tuple[Expression | None, ...]


@dataclass(frozen=True, eq=False)
class Entrywise:
    """A formula that works entry by entry, laid out so that each part comes after its own parts."""

    expression: Expression
    parts: tuple[Part, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names in it, in the order in which they are written."""
        return names(self.expression)

    def value(self, arguments: Mapping[str, Any]) -> Any:
        """Its value; the arguments are arrays, or stand for arrays that are to be traced."""
        dtype = _dtype(arguments)
        return _as_number(self._values(arguments, dtype)[-1], dtype)

    def gradients(self, g: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """For each name that a gradient reaches its gradient, all of the shape of the output."""
        dtype = _dtype(arguments)
        values = self._values(arguments, dtype)
        arrived: dict[int, Any] = {len(self.parts) - 1: g}
        found: dict[str, Any] = {}
        for place in reversed(range(len(self.parts))):
            if place not in arrived:
                continue
            part, upstream = self.parts[place], arrived.pop(place)
            if isinstance(part.expression, Name):
                name = part.expression.name
                found[name] = found[name] + upstream if name in found else upstream
            known = {UPSTREAM: upstream, OUTPUT: _as_number(values[place], dtype)}
            known |= {n: values[i] for n, i in zip(_OPERANDS, part.inner, strict=False)}
            for inner, rule in zip(part.inner, part.rules, strict=True):
                if rule is not None:
                    arrived[inner] = _as_number(_computed(rule, known, dtype), dtype)
        return {name: found[name] for name in self.names if name in found}

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """For each name that a gradient reaches its gradient as text; none if one is too long."""
        said = [part.expression for part in self.parts]
        arrived: dict[int, Expression] = {len(self.parts) - 1: Name(UPSTREAM)}
        found: dict[str, list[Expression]] = {}
        for place in reversed(range(len(self.parts))):
            if place not in arrived:
                continue
            part = self.parts[place]
            if isinstance(part.expression, Name):
                found.setdefault(part.expression.name, []).insert(0, arrived[place])
            whole = place == len(self.parts) - 1 and OUTPUT not in self.names
            known = {UPSTREAM: arrived[place], OUTPUT: Name(OUTPUT) if whole else said[place]}
            known |= {n: said[i] for n, i in zip(_OPERANDS, part.inner, strict=False)}
            for inner, rule in zip(part.inner, part.rules, strict=True):
                if rule is not None:
                    arrived[inner] = _put_in(rule, known)
                    if _count(arrived[inner]) > LONGEST_TEXT:
                        return {}
        texts = {
            name: write(reduce(lambda a, b: Binary("+", a, b), found[name]))
            for name in self.names
            if name in found
        }
        return texts if all(len(text) <= LONGEST_TEXT for text in texts.values()) else {}

    def _values(self, arguments: Mapping[str, Any], dtype: Any) -> list[Any]:
        values: list[Any] = []
        for part in self.parts:
            values.append(
                _applied(part.expression, [values[i] for i in part.inner], arguments, dtype)
            )
        return values


@cache
def entrywise(text: str) -> Entrywise:
    """The formula laid out; a leading `f =` is passed over.

    Raises FormulaError for a text that can't be read, a part that does not work entry by entry, a
    part that is no finite number, and a formula that is too long.
    """
    plain = fold(parse(text), _plain)
    count = _count(plain)
    if count > MOST_PARTS:
        raise FormulaError(
            N_("The formula has {count} parts; a gate may have {most}. Make two gates of it."),
            position=0,
            count=count,
            most=MOST_PARTS,
        )
    parts: list[Part] = []

    def visit(part: Expression, inner: Sequence[int]) -> int:
        own = [parts[i].expression for i in inner]
        texts = _RULES[_kind(part)] if inner else ()
        numbers = {n: p for n, p in zip(_OPERANDS, own, strict=False) if isinstance(p, Number)}
        rules = tuple(
            _put_in(_parsed(text), numbers) if text and names(each) else None
            for text, each in zip(texts, own, strict=True)
        )
        parts.append(Part(part, tuple(inner), rules))
        return len(parts) - 1

    fold(plain, visit)
    return Entrywise(plain, tuple(parts))


def _plain(part: Expression, parts: Sequence[Expression]) -> Expression:
    """The part with fewer sorts of signs: numbers computed, `max` of two, `where` as a choice."""
    match part:
        case Name(name) if name in CONSTANTS:
            return Number(CONSTANTS[name])
        case Call("where"):
            part = Choice(parts[1], parts[0], parts[2])
            parts = part.parts
        case Call(("max" | "min") as function):
            return reduce(lambda a, b: _folded(Call(function, (a, b))), parts)
        case Call(function) if function not in _RULES:
            raise FormulaError(
                N_(
                    "{function} at position {position} does not work entry by entry, so a gate "
                    "from a formula can't have it. Use the gate of that name beside it."
                ),
                position=part.position,
                function=function,
            )
        case Binary("@"):
            raise FormulaError(
                N_(
                    "@ does not work entry by entry, so a gate from a formula can't have it. "
                    "Use the gate MatMul beside it."
                ),
                position=position(part),
            )
    return _folded(with_parts(part, parts))


def _folded(part: Expression) -> Expression:
    """A part that is made of numbers alone as its value."""
    if not part.parts or not all(isinstance(each, Number) for each in part.parts):
        return part
    value = float(evaluate(part, {}))
    if not np.isfinite(value):
        raise FormulaError(
            N_("{part} is no finite number. Write another one."),
            position=position(part),
            part=write(part),
        )
    return Number(value)


def _kind(part: Expression) -> str:
    """Which row of the rules a part has."""
    match part:
        case Negate():
            return "negate"
        case Binary(sign):
            return sign
        case Choice():
            return "choice"
        case Call(function):
            return function
    return "compare"


def _applied(part: Expression, of: Sequence[Any], known: Mapping[str, Any], dtype: Any) -> Any:
    """The value of a part; that of a comparison is made of truth values."""
    match part:
        case Number(value):
            return value
        case Name(name):
            return known[name]
        case Choice():
            then, condition, other = of
            chosen = condition if _is_truth(condition) else np.not_equal(condition, 0)
            value = np.where(chosen, _as_number(then, dtype), _as_number(other, dtype))
            # Two numbers alone have no type of their own.
            return (
                value if hasattr(then, "dtype") or hasattr(other, "dtype") else value.astype(dtype)
            )
    of = [_as_number(each, dtype) for each in of]
    match part:
        case Negate():
            return np.negative(of[0])
        case Binary(sign) | Compare(sign):
            return SIGNS[sign](*of)
        case Call("step"):
            return np.greater(of[0], 0)
        case Call("erf"):
            return erf(of[0])
        case Call(function):
            return FUNCTIONS[function].rule(*of)
    raise TypeError(f"no formula holds {part!r}")


def _computed(rule: Expression, known: Mapping[str, Any], dtype: Any) -> Any:
    return fold(rule, lambda part, of: _applied(part, of, known, dtype))


def _is_truth(value: Any) -> bool:
    return hasattr(value, "dtype") and value.dtype.kind == "b"


def _as_number(value: Any, dtype: Any) -> Any:
    """Truth values as 1 and 0."""
    return value.astype(dtype) if _is_truth(value) else value


def _dtype(arguments: Mapping[str, Any]) -> Any:
    return next(iter(arguments.values())).dtype


def _count(expression: Expression) -> int:
    return fold(expression, lambda _, inner: 1 + sum(inner))


@cache
def _parsed(text: str) -> Expression:
    return parse(text)


def _put_in(rule: Expression, values: Mapping[str, Expression]) -> Expression:
    """The rule with these in place of names, and with what that makes plain."""

    def visit(part: Expression, parts: Sequence[Expression]) -> Expression:
        if isinstance(part, Name):
            return values.get(part.name, part)
        return _tidy(with_parts(part, parts))

    return fold(rule, visit)


def _tidy(part: Expression) -> Expression:
    """The part as people write it: no factor 1, no exponent 1, no choice that is decided."""
    one = Number(1.0)
    if part.parts and all(isinstance(each, Number) for each in part.parts):
        value = float(evaluate(part, {}))
        return Number(value) if np.isfinite(value) else part
    match part:
        case Negate(Negate(inner)):
            return inner
        case Negate(Number(value)):
            return Number(-value)
        case Choice(then, Number(value), other):
            return then if value else other
        case Binary("*", left, right) if right == one:
            return left
        case Binary("*", left, right) if left == one:
            return right
        case Binary("*", left, Number(-1.0)):
            return Negate(left)
        case Binary("/" | "^", left, right) if right == one:
            return left
    return part
