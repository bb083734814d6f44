"""What the nodes and values of a program are called in a script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Kind
from bpstudio.exchange import text
from bpstudio.exchange.names import Names
from bpstudio.exchange.program import Program
from bpstudio.exchange.slots import Slot, source_of

ROWS = "rows"


@dataclass(frozen=True, eq=False)
class Variables:
    """Python names: of each node's output by id, and of what no wire supplies by key.

    `unique` hands out further names. Where there are rows of a data set, they are the argument of
    the script's functions and typed values are constants; without, the typed values are.
    """

    nodes: dict[str, str]
    values: dict[str, str]
    features: dict[str, str]
    targets: dict[str, str]
    unique: Names

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the network is a function of."""
        return (ROWS,) if self.features else tuple(self.values.values())

    @property
    def call(self) -> tuple[str, ...]:
        """What the script's own numbers are called with: rows, or the typed values by name."""
        return ("ROWS",) if self.features else ("**VALUES",) if self.values else ()

    def judged_call(self, chosen: str = "") -> tuple[str, ...]:
        """The same with what should come out; `chosen` stands behind all that has rows.

        Nothing may follow values by name but other names.
        """
        named = bool(self.values) and not self.features
        rows = tuple(f"{part}{chosen}" for part in self.call) if self.features else self.call
        wanted = ((name, f"{name.upper()}{chosen}") for name in self.targets.values())
        return (*rows, *(f"{name}={value}" if named else value for name, value in wanted))

    def supplied(self, key: str) -> str | None:
        """The name of a value that is an argument; None for weights and constants."""
        if key in self.features:
            return ROWS
        if key in self.targets:
            return self.targets[key]
        return None if self.features else self.values.get(key)

    def argument(self, node: Node, slot: Slot) -> str:
        """How an argument is written that is no weight; empty for one that is."""
        if source := source_of(node, slot):
            return self.nodes[source]
        key = f"{node.id}.{slot.port.name}"
        if name := self.supplied(key):
            return name
        return f"VALUES[{text.quoted(self.values[key])}]" if key in self.values else ""


def variables(program: Program, taken: Iterable[str]) -> Variables:
    """Names for a program in a script that uses the names `taken` itself."""
    unique = Names((*taken, ROWS))
    features = dict.fromkeys(program.keys(Kind.FEATURES), ROWS)
    targets: dict[str, str] = {}
    for key in program.keys(Kind.TARGET):
        targets[key] = unique("target")
    nodes: dict[str, str] = {}
    values: dict[str, str] = {}
    for node in program.nodes:
        alone = program.passes_on(node)
        key = only_key(node) if alone else ""
        nodes[node.id] = features.get(key) or targets.get(key) or unique(node.id)
        for port in node.owned(Kind.GIVEN, Kind.INDEX):
            name = nodes[node.id] if alone else unique(f"{node.id}_{port.name}")
            values[f"{node.id}.{port.name}"] = name
    return Variables(nodes, values, features, targets, unique)


def only_key(node: Node) -> str:
    """The key of the one argument of a node that passes it on."""
    return f"{node.id}.{node.op.ports[0].name}"
