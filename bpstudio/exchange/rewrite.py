"""Expressions with parts of them replaced by one function that does the same, and better.

`exp(x) / sum(exp(x), -1)` is what a softmax means and what people should read, but exp(800) is no
number that a computer has. Where a target language has the whole as one function, or where it is
worth one of our own, the parts that spell it out are recognised here, whatever gate they are in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bpstudio.engine.expression import Binary, Call, Expression, Negate, Number, fold
from bpstudio.engine.tree import with_parts

Rewriting = Callable[[Expression], Expression | None]
"""What a part becomes, or None where it stays."""

ONE, LAST = Number(1.0), (Number(-1.0), Negate(Number(1.0)))


def rewrite(expression: Expression, rewritings: Sequence[Rewriting]) -> Expression:
    """The expression with every part that one of these knows replaced, inner parts first."""

    def visit(part: Expression, parts: Sequence[Expression]) -> Expression:
        rebuilt = with_parts(part, parts)
        for rewriting in rewritings:
            rebuilt = rewriting(rebuilt) or rebuilt
        return rebuilt

    return fold(expression, visit)


def softmax(part: Expression) -> Expression | None:
    """`exp(x) / sum(exp(x), -1)`."""
    match part:
        case Binary("/", Call("exp", (x,)), Call("sum", (Call("exp", (same,)), axis))):
            return Call("softmax", (x,)) if x == same and axis in LAST else None
    return None


def log_softmax(part: Expression) -> Expression | None:
    """`log(softmax(x))`."""
    match part:
        case Call("log", (Call("softmax", (x,)),)):
            return Call("log_softmax", (x,))
    return None


def sigmoid(part: Expression) -> Expression | None:
    """`1 / (1 + exp(-x))`."""
    match part:
        case Binary("/", one, Binary("+", also, Call("exp", (Negate(x),)))):
            return Call("sigmoid", (x,)) if one == also == ONE else None
    return None


def softplus(part: Expression) -> Expression | None:
    """`log(1 + exp(x))`."""
    match part:
        case Call("log", (Binary("+", one, Call("exp", (x,))),)):
            return Call("softplus", (x,)) if one == ONE else None
    return None


def relu(part: Expression) -> Expression | None:
    """`max(x, 0)`."""
    match part:
        case Call("max", (x, Number(0.0))):
            return Call("relu", (x,))
    return None


def affine(part: Expression) -> Expression | None:
    """`x @ weight + bias`."""
    match part:
        case Binary("+", Binary("@", x, weight), bias):
            return Call("affine", (x, weight, bias))
    return None
