"""The gates of a formula, chosen as the lecture draws them.

A number beside something else becomes part of its gate (`+1`, `×2`, `1/x`, `x²`), and only a
number that no gate takes in becomes a node of its own.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence

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
    evaluate,
    names,
    write,
)
from bpstudio.engine.functions import OF_ARRAYS
from bpstudio.engine.graph import Node
from bpstudio.engine.op import Kind, catalog
from bpstudio.engine.tree import position, with_parts
from bpstudio.errors import FormulaError
from bpstudio.language import N_

Made = float | str
"""What a part of a formula has become: a number still to be taken in by a gate, or a node's id."""


class Gates:
    """The nodes made so far; the inputs come first, in the order in which they are written."""

    def __init__(self, variables: Sequence[str], left: str) -> None:
        self.nodes = {name: Node(name, catalog["input"]()) for name in variables}
        self.left = left
        self.counts: dict[str, int] = {}

    def gate(self, name: str, *sources: Made, **settings: float) -> str:
        """A new gate with an id such as `add1`; its own id is returned."""
        ids = [self.node(source) for source in sources]
        op = catalog[name](**settings)
        ports = {port.name: (id,) for port, id in zip(op.ports, ids, strict=True)}
        id = ""
        while not id or id in self.nodes or id == self.left:
            self.counts[name] = number = self.counts.get(name, 0) + 1
            id = f"{name}{number}"
        self.nodes[id] = Node(id, op, ports)
        return id

    def node(self, made: Made) -> str:
        """The id of what was made, a number becoming a constant."""
        return made if isinstance(made, str) else self.gate("constant", value=made)


def gate_of(
    gates: Gates, constants: Mapping[str, float], part: Expression, of: Sequence[Made]
) -> Made:
    """What a part of a formula becomes, given what its own parts have become."""
    match part:
        case Number(value):
            return value
        case Name(name):
            return constants.get(name, name)
    if (number := _number(part, of)) is not None:
        return number
    match part:
        case Negate():
            return gates.gate("negate", of[0])
        case Choice():
            return gates.gate("where", of[1], of[0], of[2])
        case Compare(sign) if sign in ("<", ">", "<=", ">="):
            return _comparison(gates, sign, *of)
        case Binary(sign):
            return _GATES_OF_SIGNS[sign](gates, *of)
        case Call(("max" | "min") as function):
            return functools.reduce(lambda a, b: gates.gate(function, a, b), of)
        case Call("tan"):
            return gates.gate("divide", gates.gate("sin", of[0]), gates.gate("cos", of[0]))
        case Call(function) if _ports(function) == len(of):
            return gates.gate(function, *of)
        case Call(function) if (settings := _settings(function, of)) is not None:
            return gates.gate(function, *of[: _ports(function)], **settings)
    raise FormulaError(
        N_("There is no gate for {part}. Write it with + - * / ^ and functions that have one."),
        position=position(part),
        part=write(part) if len(names(part)) < 4 else "…",
    )


def _ports(function: str) -> int:
    """How many wires the gate of that name takes; -1 if there is none, or it takes any number."""
    kind = catalog.get(function)
    plain = kind is not None and not any(
        port.variadic or port.kind is not Kind.INPUT for port in kind.ports
    )
    return len(kind.ports) if kind is not None and plain else -1


def _settings(function: str, of: Sequence[Made]) -> dict[str, float] | None:
    """The settings of a gate whose wires come first and a number for each setting behind them."""
    ports = _ports(function)
    if not 0 < ports < len(of):
        return None
    fields = dataclasses.fields(catalog[function])
    numbers = [each for each in of[ports:] if isinstance(each, float)]
    floats = all(isinstance(field.default, float) for field in fields)
    if not floats or not len(fields) == len(numbers) == len(of) - ports:
        return None
    return {field.name: number for field, number in zip(fields, numbers, strict=True)}


def _number(part: Expression, of: Sequence[Made]) -> float | None:
    """The value of a part that is made of finite numbers alone."""
    if isinstance(part, Binary) and part.sign == "@":
        return None
    if isinstance(part, Call) and part.function in OF_ARRAYS:
        return None
    numbers = [Number(made) for made in of if isinstance(made, float)]
    if len(numbers) < len(of):
        return None
    value = evaluate(with_parts(part, numbers), {})
    # Nobody means the zero below zero.
    return float(value) + 0.0 if np.isfinite(value) else None


def _sum(gates: Gates, a: Made, b: Made) -> str:
    if isinstance(b, float):
        return gates.gate("shift", a, offset=b)
    return gates.gate("shift", b, offset=a) if isinstance(a, float) else gates.gate("add", a, b)


def _difference(gates: Gates, a: Made, b: Made) -> str:
    if isinstance(b, float):
        return gates.gate("shift", a, offset=0.0 - b)
    if isinstance(a, float):
        return gates.gate("shift", gates.gate("negate", b), offset=a)
    return gates.gate("subtract", a, b)


def _product(gates: Gates, a: Made, b: Made) -> str:
    if isinstance(a, float):
        return gates.gate("negate", b) if a == -1 else gates.gate("scale", b, factor=a)
    return _product(gates, b, a) if isinstance(b, float) else gates.gate("multiply", a, b)


def _quotient(gates: Gates, a: Made, b: Made) -> str:
    if isinstance(b, float) and b != 0 and math.isfinite(1 / b):
        return _product(gates, a, 1 / b)
    if isinstance(a, float):
        inverse = gates.gate("reciprocal", b)
        return inverse if a == 1 else _product(gates, a, inverse)
    return gates.gate("divide", a, b)


def _power(gates: Gates, a: Made, b: Made) -> str:
    if b == 2:
        return gates.gate("square", a)
    if b == -1:
        return gates.gate("reciprocal", a)
    return gates.gate("power", a, b)


def _comparison(gates: Gates, sign: str, a: Made, b: Made) -> str:
    """1 or 0, by the step of a difference."""
    # a <= b is what a > b is not.
    first, second = (a, b) if sign in (">", "<=") else (b, a)
    if first == 0:
        difference = gates.gate("negate", second)
    else:
        difference = gates.node(first) if second == 0 else _difference(gates, first, second)
    holds = gates.gate("step", difference)
    if sign in ("<", ">"):
        return holds
    return gates.gate("shift", gates.gate("negate", holds), offset=1.0)


def _matrix_product(gates: Gates, a: Made, b: Made) -> str:
    return gates.gate("matmul", a, b)


_GATES_OF_SIGNS: Mapping[str, Callable[[Gates, Made, Made], str]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "^": _power,
    "@": _matrix_product,
}
