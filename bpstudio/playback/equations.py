"""Formulas of gates as coloured text, with numbers put in place of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from bpstudio.engine.expression import parse, parse_definition
from bpstudio.engine.functions import OF_ARRAYS
from bpstudio.engine.op import Op
from bpstudio.engine.tree import (
    ATOM,
    BINDING,
    CHOICE,
    COMPARE,
    MINUS,
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
from bpstudio.playback.digits import UNKNOWN
from bpstudio.playback.marks import Span
from bpstudio.playback.metrics import MONO

_AFTER = ATOM - 1
_SIGNS = {"*": " × ", "/": " / ", "+": " + ", "-": " − ", "@": " @ ", "^": "^"}
_COMPARISONS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}

Spans = tuple[Span, ...]
Written = tuple[Spans, int]


def plain(text: str, role: str = "text") -> Span:
    """A piece of an equation."""
    return Span(text, role, MONO)


def definition(op: Op) -> Expression | None:
    """What the gate computes from its arguments and settings; None if it does not say."""
    return _parsed_definition(op.formula) if op.formula else None


def local_gradient(op: Op, port: str) -> Expression | None:
    """The gate's own derivative for one argument: its gradient text with the factor g left out.

    That holds where the gate works on numbers or entry by entry. None if the gate does not say.
    """
    text = op.gradients.get(port)
    return _parsed_local(text) if text else None


@cache
def of_numbers(expression: Expression) -> bool:
    """Whether it makes sense with a number in place of each name: nothing in it asks for axes."""

    def visit(part: Expression, parts: Sequence[bool]) -> bool:
        if isinstance(part, Call) and part.function in OF_ARRAYS:
            plain = part.function in ("sum", "mean", "largest", "count")
            return plain and len(parts) == 1 and all(parts)
        return all(parts) and not (isinstance(part, Binary) and part.sign == "@")

    return fold(expression, visit)


def spelled(expression: Expression, names: Mapping[str, Span], role: str = "text") -> Spans:
    """The expression as people write it, in one colour, with these spans in place of names.

    A negative number gets parentheses where it follows a sign.
    """

    def visit(part: Expression, parts: Sequence[Written]) -> Written:
        return _write(part, parts, names, role)

    return merged(fold(expression, visit)[0])


def tells_of_hidden(spans: Spans) -> bool:
    """Whether a number in it is hidden."""
    return any(UNKNOWN in span.text and span.role != "text" for span in spans)


def merged(spans: Sequence[Span]) -> Spans:
    """The spans with neighbours of one kind joined."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1]._replace(text="") == span._replace(text=""):
            joined[-1] = span._replace(text=joined[-1].text + span.text)
        elif span.text:
            joined.append(span)
    return tuple(joined)


@cache
def _parsed_definition(text: str) -> Expression:
    return parse_definition(text).expression


@cache
def _parsed_local(text: str) -> Expression:
    return fold(parse(text), _without_g)


def _without_g(part: Expression, parts: Sequence[Expression]) -> Expression:
    """The part with 1 in place of g, and with what that makes plain."""
    one = Number(1.0)
    match part:
        case Name("g"):
            return one
        case Negate():
            inner = parts[0]
            return Number(-inner.value) if isinstance(inner, Number) else Negate(inner)
        case Binary(sign):
            left, right = parts
            if sign == "*" and left == one:
                return right
            if sign == "*" and left == Number(-1.0):
                return Negate(right)
            if sign in "*/^" and right == one:
                return left
            return Binary(sign, left, right)
        case Compare():
            return replace(part, left=parts[0], right=parts[1])
        case Choice():
            return Choice(*parts)
        case Call():
            return replace(part, arguments=tuple(parts))
    return part


def _write(
    part: Expression, parts: Sequence[Written], names: Mapping[str, Span], role: str
) -> Written:
    match part:
        case Number(value):
            text = f"{value:g}".replace("-", "−")
            return (plain(text, role),), MINUS if value < 0 else ATOM
        case Name(name):
            span = names.get(name, plain(name, role))
            return (span,), MINUS if span.text.startswith("−") else ATOM
        case Negate():
            return (plain("−", role), *_inside(parts[0], MINUS + 1, role)), MINUS
        case Binary(sign):
            binding = BINDING[sign]
            left = binding + 1 if sign == "^" else binding
            right = binding if sign == "^" else binding + 1
            if sign == "^" and isinstance(part.right, Number) and part.right.value == 2:
                return (*_inside(parts[0], left, role, first=False), plain("²", role)), _AFTER
            first = _inside(parts[0], left, role, first=True)
            return (*first, plain(_SIGNS[sign], role), *_inside(parts[1], right, role)), binding
        case Compare(sign):
            middle = plain(f" {_COMPARISONS.get(sign, sign)} ", role)
            return (*parts[0][0], middle, *parts[1][0]), COMPARE
        case Choice():
            words = (plain(" if ", role), plain(" else ", role))
            return (*parts[0][0], words[0], *parts[1][0], words[1], *parts[2][0]), CHOICE
        case Call("transpose"):
            return (*_inside(parts[0], _AFTER, role, first=True), plain("ᵀ", role)), _AFTER
        case Call(function):
            inner: list[Span] = []
            for index, (spans, _) in enumerate(parts):
                inner += [plain(", ", role)] * (index > 0) + list(spans)
            return (plain(f"{function}(", role), *inner, plain(")", role)), ATOM
    raise TypeError(f"no formula holds {part!r}")


def _inside(written: Written, loosest: int, role: str, *, first: bool = False) -> Spans:
    """A part inside another: in parentheses if it binds less, or has a minus after a sign."""
    spans, binding = written
    minus = bool(spans) and spans[0].text.startswith("−")
    if (binding < loosest and not (first and binding == MINUS)) or (minus and not first):
        return (plain("(", role), *spans, plain(")", role))
    return spans
