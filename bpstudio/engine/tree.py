"""A formula as a tree of parts, and the tree as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")

COMPARISONS = frozenset({"<", ">", "<=", ">=", "==", "!="})
# How tightly each binds; a part may stand inside another where it binds more tightly.
CHOICE, COMPARE, SUM, PRODUCT, MINUS, POWER, AFTER, ATOM = range(1, 9)
BINDING: Mapping[str, int] = {
    **dict.fromkeys(COMPARISONS, COMPARE),
    **dict.fromkeys("+-", SUM),
    **dict.fromkeys("*/@", PRODUCT),
    "^": POWER,
}


class Expression:
    """A formula, or a part of one."""

    @property
    def parts(self) -> tuple[Expression, ...]:
        """What it is made of, from left to right as written."""
        return ()


@dataclass(frozen=True)
class Number(Expression):
    """A number."""

    value: float


@dataclass(frozen=True)
class Name(Expression):
    """A name that has a value elsewhere; `position` is where it was typed."""

    name: str
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Negate(Expression):
    """A part with a minus sign before it."""

    operand: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        return (self.operand,)


@dataclass(frozen=True)
class Binary(Expression):
    """Two parts and one of `+ - * / ^ @` between them."""

    sign: str
    left: Expression
    right: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Compare(Expression):
    """Two parts and one of `< > <= >= == !=` between them: 1 where it holds, else 0."""

    sign: str
    left: Expression
    right: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Choice(Expression):
    """`then` where the condition is not 0, `other` elsewhere."""

    then: Expression
    condition: Expression
    other: Expression

    @property
    def parts(self) -> tuple[Expression, ...]:
        return (self.then, self.condition, self.other)


@dataclass(frozen=True)
class Call(Expression):
    """A function of `FUNCTIONS` and its arguments."""

    function: str
    arguments: tuple[Expression, ...]
    position: int = field(default=0, compare=False, repr=False)

    @property
    def parts(self) -> tuple[Expression, ...]:
        return self.arguments


class Definition(NamedTuple):
    """`f = …`: what stands left of the sign, empty where nothing does, and the formula."""

    name: str
    expression: Expression


def fold(expression: Expression, visit: Callable[[Expression, Sequence[Result]], Result]) -> Result:
    """What `visit` makes of the whole, given what it made of the parts; the parts come first.

    Nothing calls itself here: a sum of thousands of terms is a tree as deep.
    """
    waiting: list[tuple[Expression, bool]] = [(expression, False)]
    results: list[Result] = []
    while waiting:
        part, opened = waiting.pop()
        if opened or not part.parts:
            first = len(results) - len(part.parts)
            results[first:] = [visit(part, results[first:])]
        else:
            waiting.append((part, True))
            waiting.extend((inner, False) for inner in reversed(part.parts))
    return results[0]


def with_parts(part: Expression, parts: Sequence[Expression]) -> Expression:
    """The same sign or function over other parts."""
    match part:
        case Negate():
            return Negate(parts[0])
        case Binary(sign):
            return Binary(sign, *parts)
        case Compare(sign):
            return Compare(sign, *parts)
        case Choice():
            return Choice(*parts)
        case Call(function, _, position):
            return Call(function, tuple(parts), position)
    return part


def spread(expression: Expression, several: Mapping[str, Sequence[Expression]]) -> Expression:
    """The expression with each of these names, where it is an argument of a function, replaced by
    all that it stands for, one after the other."""

    def visit(part: Expression, parts: Sequence[Expression]) -> Expression:
        if not isinstance(part, Call):
            return with_parts(part, parts)
        arguments: list[Expression] = []
        for each in parts:
            found = several.get(each.name) if isinstance(each, Name) else None
            arguments.extend((each,) if found is None else found)
        return Call(part.function, tuple(arguments), part.position)

    return fold(expression, visit)


def position(expression: Expression) -> int:
    """Where the first name or function in it was typed; 0 if it has none."""

    def visit(part: Expression, inner: Sequence[int | None]) -> int | None:
        found = [place for place in inner if place is not None]
        if isinstance(part, Name | Call):
            found.append(part.position)
        return min(found, default=None)

    return fold(expression, visit) or 0


def names(expression: Expression) -> tuple[str, ...]:
    """The names in it, each once, in the order in which they are written."""
    found: dict[str, None] = {}

    def visit(part: Expression, _: Sequence[None]) -> None:
        if isinstance(part, Name):
            found.setdefault(part.name)

    fold(expression, visit)
    return tuple(found)


def write(expression: Expression) -> str:
    """The formula as text, with no more parentheses than it needs; `parse` gives the same tree."""
    return fold(expression, _write)[0]


def _write(part: Expression, written: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """The text of a part, and how tightly it binds."""
    texts = [text for text, _ in written]
    match part:
        case Number(value):
            whole = abs(value) < 1e16 and value == int(value)
            text = str(int(value)) if whole else repr(float(value))
            return text, MINUS if text.startswith("-") else ATOM
        case Name(name):
            return name, ATOM
        case Negate():
            return "-" + _inside(written[0], MINUS), MINUS
        case Binary(sign) | Compare(sign):
            binding = BINDING[sign]
            left, right = (binding + 1, binding) if sign == "^" else (binding, binding + 1)
            if binding == COMPARE:
                left = binding + 1
            between = sign if sign in "*/^" else f" {sign} "
            first = texts[0] if written[0][1] >= left else f"({texts[0]})"
            return first + between + _inside(written[1], right), binding
        case Choice():
            then, condition = (
                text if binding > CHOICE else f"({text})" for text, binding in written[:2]
            )
            return f"{then} if {condition} else {texts[2]}", CHOICE
        case Call("transpose"):
            return (texts[0] if written[0][1] >= AFTER else f"({texts[0]})") + "ᵀ", AFTER
        case Call(function):
            return f"{function}({', '.join(texts)})", ATOM
    raise TypeError(f"no formula holds {part!r}")


def _inside(written: tuple[str, int], loosest: int) -> str:
    """A part that stands after a sign: in parentheses if it binds less, or starts with a minus."""
    text, binding = written
    return f"({text})" if binding < loosest or text.startswith("-") else text
