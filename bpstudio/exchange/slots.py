"""The arguments of a gate as scripts have them: those of a variadic port one by one, no noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from bpstudio.engine.expression import Binary, Expression, Name, Number, fold
from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Kind, Op, Port
from bpstudio.engine.run import Argument
from bpstudio.engine.tree import spread, with_parts

Value = TypeVar("Value")


class Slot(NamedTuple):
    """One argument: its name, and the place of a port that supplies it."""

    name: str
    port: Port
    place: int


def slots(node: Node) -> tuple[Slot, ...]:
    """The arguments of a node, in the order in which `forward` takes them."""
    found = []
    for port in node.op.ports:
        if port.variadic:
            count = len(node.sources.get(port.name, ()))
            found += [Slot(f"{port.name}{place}", port, place) for place in range(count)]
        elif port.kind is not Kind.NOISE or node.sources.get(port.name):
            found.append(Slot(port.name, port, 0))
    return tuple(found)


def source_of(node: Node, slot: Slot) -> str | None:
    """The node that feeds it; None if no wire does."""
    sources = node.sources.get(slot.port.name, ())
    return sources[slot.place] if sources else None


def values_of(node: Node, arguments: Mapping[str, Argument]) -> dict[str, Array]:
    """The values of these arguments by name."""
    found = {}
    for slot in slots(node):
        value = arguments[slot.port.name]
        found[slot.name] = value[slot.place] if isinstance(value, tuple) else value
    return found


def by_slot(node: Node, by_port: Mapping[str, tuple[Value, ...]]) -> dict[str, Value]:
    """What belongs to the places of ports, by name of the argument."""
    return {
        slot.name: by_port[slot.port.name][slot.place]
        for slot in slots(node)
        if slot.port.name in by_port
    }


def in_place(node: Node, text: Expression, place: int = 0) -> Expression:
    """A text of the gate over the names of its arguments.

    What stands for several things is written out, and noise is what it is outside training: 1,
    which as a factor goes.
    """
    op = node.op
    several: dict[str, list[Expression]] = {
        name: [Number(float(number)) for number in value]
        for name, value in op.settings.items()
        if isinstance(value, tuple)
    }
    for port in op.ports:
        if port.variadic:
            several[port.name] = [Name(s.name) for s in slots(node) if s.port == port]
    fixed = {port: Number(1.0) for port in noise_of(node)}
    if any(port.variadic for port in op.ports):
        fixed["slot"] = Number(float(place))

    def visit(part: Expression, parts: tuple[Expression, ...]) -> Expression:
        if isinstance(part, Name):
            return fixed.get(part.name, part)
        if fixed and isinstance(part, Binary) and part.sign == "*" and Number(1.0) in parts:
            return parts[0] if parts[1] == Number(1.0) else parts[1]
        return with_parts(part, parts)

    return fold(spread(text, several), lambda part, parts: visit(part, tuple(parts)))


def noise_of(node: Node) -> tuple[str, ...]:
    """The names of the arguments that are drawn."""
    return tuple(port.name for port in node.owned(Kind.NOISE))


def settings_of(op: Op) -> dict[str, float]:
    """The settings that are single numbers."""
    return {k: float(v) for k, v in op.settings.items() if isinstance(v, int | float)}
