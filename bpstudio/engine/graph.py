"""A network as a value: nodes, and what feeds them.

A `Graph` never changes; each function here that edits returns a new one. Arrays are no part of
it: weights and given values travel beside it under keys `node.port`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from bpstudio.engine.op import Kind, Op, Port
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError
from bpstudio.language import N_


@dataclass(frozen=True)
class Node:
    """One gate in a network.

    `sources` names for each connected port the nodes that feed it: one, or several in order for
    a variadic port. Ports of no entry are supplied by whoever their `Kind` says.
    """

    id: str
    op: Op
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = ""

    @property
    def label(self) -> str:
        """What people call it: the title they gave, else the id."""
        return self.title or self.id

    @cached_property
    def feeding(self) -> tuple[str, ...]:
        """The ids that feed it, in the order of its ports; one that feeds two stands twice."""
        return tuple(s for port in self.op.ports for s in self.sources.get(port.name, ()))

    def owned(self, *kinds: Kind) -> tuple[Port, ...]:
        """The unconnected ports of these kinds."""
        return tuple(p for p in self.op.ports if p.kind in kinds and not self.sources.get(p.name))


@dataclass(frozen=True)
class Graph:
    """Nodes by id, in the order in which they were made. Acyclic, and every source exists."""

    nodes: Mapping[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for id, node in self.nodes.items():
            if id != node.id:
                raise ValueError(f"the node {node.id} stands under the name {id}")
            _check_node(node, self.nodes)
        self.order  # noqa: B018 - a cycle is refused here, not later

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The ids so that each comes after what feeds it; older nodes first among equals."""
        place = {id: index for index, id in enumerate(self.nodes)}
        waiting = {id: len(set(node.feeding)) for id, node in self.nodes.items()}
        ready = [place[id] for id, count in waiting.items() if count == 0]
        ids = tuple(self.nodes)
        order = []
        while ready:
            id = ids[heapq.heappop(ready)]
            order.append(id)
            for reader in self.readers[id]:
                waiting[reader] -= 1
                if waiting[reader] == 0:
                    heapq.heappush(ready, place[reader])
        if len(order) < len(ids):
            raise self._cycle([id for id in ids if waiting[id] > 0])
        return tuple(order)

    @property
    def ordered(self) -> Iterable[Node]:
        """The nodes in topological order."""
        return (self.nodes[id] for id in self.order)

    @cached_property
    def readers(self) -> Mapping[str, tuple[str, ...]]:
        """For each node the nodes that it feeds, each once."""
        readers: dict[str, list[str]] = {id: [] for id in self.nodes}
        for node in self.nodes.values():
            for source in dict.fromkeys(node.feeding):
                readers[source].append(node.id)
        return {id: tuple(names) for id, names in readers.items()}

    @cached_property
    def sinks(self) -> tuple[str, ...]:
        """The nodes that feed nothing, in topological order."""
        return tuple(id for id in self.order if not self.readers[id])

    @cached_property
    def losses(self) -> tuple[str, ...]:
        """The sinks that are losses, in topological order."""
        return tuple(id for id in self.sinks if self.nodes[id].op.category == "loss")

    @cached_property
    def last_loss(self) -> str | None:
        """The last loss in topological order, whether or not anything reads it."""
        found = [node.id for node in self.ordered if node.op.category == "loss"]
        return found[-1] if found else None

    @property
    def objective(self) -> str:
        """The node where the backward pass starts: the loss, else the last sink that computes
        something: an input that is put beside a formula is not what the formula comes to."""
        if not self.nodes:
            raise GraphError(N_("The canvas is empty. Drag a gate onto it to begin."))
        return (self.losses or self.results or self.sinks)[-1]

    @cached_property
    def results(self) -> tuple[str, ...]:
        """The sinks that something feeds, in topological order."""
        return tuple(id for id in self.sinks if self.nodes[id].feeding)

    @cached_property
    def has_batch(self) -> bool:
        """Whether it reads rows of a data set; the values of all that they feed are batches."""
        return bool(self.keys(Kind.FEATURES))

    @cached_property
    def fitted(self) -> dict[str | None, Mapping[str, Shape]]:
        """The shapes supplied to the last run in which every gate's shapes fitted, by the node
        that it was for: a run of the same shapes, as after typing a number, need not look again."""
        return {}

    @cached_property
    def structure(self) -> tuple[object, ...]:
        """What a compiled plan depends on: ids, ops and wires, without titles."""
        return tuple((n.id, n.op, tuple(sorted(n.sources.items()))) for n in self.nodes.values())

    def keys(self, *kinds: Kind) -> tuple[str, ...]:
        """The keys `node.port` of unconnected arguments of these kinds, in topological order."""
        return tuple(f"{n.id}.{p.name}" for n in self.ordered for p in n.owned(*kinds))

    def __getitem__(self, id: str) -> Node:
        try:
            return self.nodes[id]
        except KeyError:
            raise GraphError(
                N_("There is no node called {id}. There are: {names}."),
                id=id,
                names=", ".join(self.nodes) or "-",
            ) from None

    def check_ports(self, node: Node) -> None:
        """Raise GraphError if an input port is open."""
        for port in node.op.ports:
            if port.kind is Kind.INPUT and not node.sources.get(port.name):
                raise GraphError(
                    N_("{label} has nothing at its port {port}. Connect a wire to it."),
                    nodes=(node.id,),
                    label=node.label,
                    port=port.name,
                )

    def _cycle(self, stuck: list[str]) -> GraphError:
        left, id = set(stuck), stuck[0]
        path: dict[str, int] = {}
        while id not in path:
            path[id] = len(path)
            id = next(source for source in self.nodes[id].feeding if source in left)
        loop = list(path)[path[id] :][::-1]
        return GraphError(
            N_("{names} feed each other in a circle. Remove one of these wires."),
            nodes=loop,
            names=" → ".join(self.nodes[id].label for id in [*loop, loop[0]]),
        )


def add(graph: Graph, node: Node) -> Graph:
    """The graph with one more node; raises GraphError if its id is taken."""
    if node.id in graph.nodes:
        raise GraphError(N_("There is already a node called {id}."), nodes=(node.id,), id=node.id)
    return Graph({**graph.nodes, node.id: node})


def put(graph: Graph, node: Node) -> Graph:
    """The graph with the node of that id replaced."""
    graph[node.id]
    return Graph({**graph.nodes, node.id: node})


def remove(graph: Graph, ids: Iterable[str]) -> Graph:
    """The graph without these nodes and the wires from them."""
    gone = {graph[id].id for id in ids}
    kept = (node for id, node in graph.nodes.items() if id not in gone)
    return Graph({node.id: _without_sources(node, gone) for node in kept})


def connect(graph: Graph, source: str, target: str, port: str) -> Graph:
    """The graph with a wire from `source` to a port; it replaces the wire of a port of one."""
    graph[source]
    node = graph[target]
    variadic = any(p.name == port and p.variadic for p in node.op.ports)
    feeding = (*node.sources.get(port, ()), source) if variadic else (source,)
    return put(graph, replace(node, sources={**node.sources, port: feeding}))


def disconnect(graph: Graph, target: str, port: str, slot: int = 0) -> Graph:
    """The graph without the wire into that port (its `slot`-th, for a variadic one)."""
    node = graph[target]
    feeding = list(node.sources.get(port, ()))
    if slot >= len(feeding):
        raise GraphError(
            N_("{label} has no wire at its port {port}."),
            nodes=(target,),
            label=node.label,
            port=port,
        )
    del feeding[slot]
    rest = {name: ids for name, ids in node.sources.items() if name != port}
    return put(graph, replace(node, sources=rest | ({port: tuple(feeding)} if feeding else {})))


def new_id(graph: Graph, stem: str) -> str:
    """A short readable id that is free: `dense1`, `dense2`, …"""
    number = 1
    while f"{stem}{number}" in graph.nodes:
        number += 1
    return f"{stem}{number}"


def _without_sources(node: Node, gone: set[str]) -> Node:
    if gone.isdisjoint(node.feeding):
        return node
    kept = {port: tuple(s for s in ids if s not in gone) for port, ids in node.sources.items()}
    return replace(node, sources={port: ids for port, ids in kept.items() if ids})


def _check_node(node: Node, nodes: Mapping[str, Node]) -> None:
    if not node.id.isidentifier():
        raise GraphError(
            N_("A node can't be called {id}. Use letters, digits and _, a letter first."),
            id=repr(node.id),
        )
    ports = {port.name: port for port in node.op.ports}
    for name, sources in node.sources.items():
        if name not in ports:
            raise GraphError(
                N_("{label} ({op}) has no port called {port}. It has: {ports}."),
                nodes=(node.id,),
                label=node.label,
                op=node.op.title,
                port=name,
                ports=", ".join(ports) or "-",
            )
        if ports[name].kind in (Kind.NOISE, Kind.STATISTIC):
            # Gates give no gradient for these, so one that came by wire would be lost unseen.
            raise GraphError(
                N_("{label} makes its {port} itself. Take the wire off."),
                nodes=(node.id,),
                label=node.label,
                port=name,
            )
        if len(sources) != 1 and not ports[name].variadic:
            raise GraphError(
                N_("{label} takes one wire at its port {port}, not {count}."),
                nodes=(node.id,),
                label=node.label,
                port=name,
                count=len(sources),
            )
        for source in sources:
            if source not in nodes:
                raise GraphError(
                    N_("{label} is fed by {source}, which does not exist."),
                    nodes=(node.id,),
                    label=node.label,
                    source=source,
                )
