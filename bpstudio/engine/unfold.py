"""A layer opened into neurons and gates, and gates closed again: functions of graphs and weights.

An opened gate is a `Group`: what stood there, and what stands there now. Groups may lie in each
other; a group is called by the id of the node that was opened, which is free while it is open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.inside import (
    Held,
    Inside,
    does_the_same,
    gathered,
    inside_of,
    levels,
    spread,
    stand_for,
)
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.ops.source import Answers, Parameter
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError
from bpstudio.language import N_

Weights = Mapping[str, Array]


@dataclass(frozen=True)
class Group:
    """An opened gate.

    `node` is what stood there, with the wires that it had. `members` are the ids of the nodes that
    stand there now, or of groups, where one of these was opened in turn; `output` is the member
    that gives the value. `inputs` has for each port the members and their ports that read what fed
    it: the map of the boundary. `held` says who holds the weights that the node owned.
    """

    node: Node
    members: tuple[str, ...]
    output: str
    inputs: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    held: Mapping[str, Held] = field(default_factory=dict)


class Opened(NamedTuple):
    """A graph with a gate opened, the weights, and the group that it became."""

    graph: Graph
    weights: Weights
    group: Group


def unfold(
    graph: Graph,
    weights: Weights,
    id: str,
    arguments: Mapping[str, Shape],
    level: str = "",
    taken: Collection[str] = (),
) -> Opened:
    """The graph with the gates that a node is made of in its place.

    `arguments` has the shape of each argument of the node, `level` how far it is opened (its first
    one, if empty), `taken` ids that the new nodes may not have. All values and gradients outside
    stay as they are. Raises GraphError for a gate that is made of nothing smaller, and for a layer
    that is too large to be opened so far.
    """
    node = graph[id]
    known = levels(node.op)
    made = None
    if known and (not level or level in known):
        made = inside_of(node, arguments, level or known[0])
    if made is None:
        raise GraphError(
            N_("{label} ({op}) is made of nothing smaller that gives the same numbers."),
            nodes=(id,),
            label=node.label,
            op=node.op.title,
        )
    made = _with_answers(node, made, arguments)
    names = _names(graph, node, made, taken)
    feeding = {stand: node.sources[port][0] for port, stand in made.stands.items()}
    new = {**names, **feeding}
    members = {names[each]: _renamed(made.nodes[each], names[each], new) for each in made.members}
    inputs = {
        port: tuple(
            (names[reader], reading)
            for reader in made.members
            for reading, sources in made.nodes[reader].sources.items()
            if stand in sources
        )
        for port, stand in made.stands.items()
    }
    held = {port: each._replace(keys=_keys(each, names)) for port, each in made.held.items()}
    group = Group(node, tuple(members), names[made.output], inputs, held)
    nodes: dict[str, Node] = {}
    for each in graph.nodes.values():
        nodes |= (
            members if each.id == id else {each.id: _renamed(each, each.id, {id: group.output})}
        )
    return Opened(Graph(nodes), spread(weights, id, held), group)


def fold(
    graph: Graph,
    weights: Weights,
    group: Group,
    arguments: Mapping[str, Shape],
    id: str = "",
) -> tuple[Graph, Weights]:
    """The graph with a group closed, and the weights, as its gates have them by now, in one again.

    `arguments` has the shape of each argument of the node; `id` is another id for it, where its
    own is taken. Raises GraphError where the group no longer does what the closed gate does, and
    where one of its gates feeds something outside.
    """
    id = id or group.node.id
    members = set(group.members)
    sources = sources_of(graph, group)
    inside = _inside_now(graph, group, arguments)
    if inside is None or not does_the_same(group.node.op, inside, arguments):
        raise _changed(group)
    node = replace(group.node, id=id, sources=sources)
    nodes: dict[str, Node] = {}
    for each in graph.nodes.values():
        if each.id not in members:
            nodes[each.id] = _renamed(each, each.id, {group.output: id})
        elif id not in nodes:
            nodes[id] = node
    return Graph(nodes), gathered(weights, id, group.held)


def sources_of(graph: Graph, group: Group) -> dict[str, tuple[str, ...]]:
    """What feeds each port of a group by now.

    Raises GraphError where its gates read from outside what the closed gate could not, and where
    one of them feeds something outside.
    """
    members = set(group.members)
    for member in group.members:
        outside = [reader for reader in graph.readers[member] if reader not in members]
        if outside and member != group.output:
            raise GraphError(
                N_(
                    "{inner} lies within {label} and feeds {reader}, so {label} can't be closed. "
                    "Disconnect it first."
                ),
                nodes=(member, outside[0]),
                inner=graph[member].label,
                label=group.node.label,
                reader=graph[outside[0]].label,
            )
    port_of = {reading: port for port, readings in group.inputs.items() for reading in readings}
    found: dict[str, set[str]] = {}
    for member in group.members:
        for port in graph[member].op.ports:
            reading = (member, port.name)
            fed = {s for s in graph[member].sources.get(port.name, ()) if s not in members}
            if fed and reading not in port_of:
                raise _changed(group)
            if reading in port_of:
                found.setdefault(port_of[reading], set()).update(fed or {""})
    if any(len(fed) != 1 for fed in found.values()):
        raise _changed(group)
    return {
        port.name: tuple(found[port.name])
        for port in group.node.op.ports
        if port.name in found and "" not in found[port.name]
    }


def _inside_now(graph: Graph, group: Group, arguments: Mapping[str, Shape]) -> Inside | None:
    """What lies in the group by now, with nodes that stand for what feeds it."""
    op = group.node.op
    members = set(group.members)
    stands = {port: f"{port}_of_{op.name}" for port in group.inputs if port in arguments}
    while members & set(stands.values()):
        stands = {port: f"{id}_" for port, id in stands.items()}
    nodes = {id: stand_for(id, arguments[port]) for port, id in stands.items()}
    reading = {each: stands[p] for p, readings in group.inputs.items() for each in readings}
    for port in op.ports:
        for member in group.members:
            if port.kind is Kind.TARGET and isinstance(graph[member].op, Answers):
                stands[port.name] = member
    for id in graph.order:
        if id in stands.values():
            target = next(port for port, stand in stands.items() if stand == id)
            nodes[id] = stand_for(id, arguments[target])
        elif id in members:
            node = graph[id]
            fed = {
                port: (reading[id, port],) if (id, port) in reading else sources
                for port, sources in node.sources.items()
            }
            nodes[id] = replace(node, sources=fed)
    owned = {f"{n.id}.{p.name}" for n in nodes.values() for p in n.owned(Kind.WEIGHT)}
    held = {key for each in group.held.values() for key in each.keys}
    needed = {port.name for port in op.ports}
    if owned != held or stands.keys() | group.held.keys() != needed:
        return None
    return Inside(nodes, group.output, stands, group.held)


def _with_answers(node: Node, inside: Inside, arguments: Mapping[str, Shape]) -> Inside:
    """With a node that reads the data set's answers, where the gate itself did."""
    stands, nodes = dict(inside.stands), dict(inside.nodes)
    for port in node.owned(Kind.TARGET):
        columns = arguments[port.name].features
        stand = stands.pop(port.name)
        nodes[stand] = Node(stand, Answers(columns=columns[0] if columns else 0))
    return replace(inside, nodes=nodes, stands=stands)


def _names(graph: Graph, node: Node, inside: Inside, taken: Collection[str]) -> dict[str, str]:
    """For each new node a free id: `exp1`, or `dense1_weight` for what holds a weight."""
    used = {*graph.nodes, *taken}
    names: dict[str, str] = {}
    for member in inside.members:
        op = inside.nodes[member].op
        wanted = f"{node.id}_{member}" if isinstance(op, Parameter) else ""
        number = 1
        while not wanted or wanted in used:
            wanted = f"{op.name}{number}"
            number += 1
        names[member] = wanted
        used.add(wanted)
    return names


def _keys(held: Held, names: Mapping[str, str]) -> tuple[str, ...]:
    split = (key.partition(".") for key in held.keys)
    return tuple(f"{names[id]}.{port}" for id, _, port in split)


def _renamed(node: Node, id: str, names: Mapping[str, str]) -> Node:
    """The node under that id, fed by the same nodes under their new ids; itself if none differs."""
    if id == node.id and not any(source in names for source in node.feeding):
        return node
    sources = {p: tuple(names.get(s, s) for s in ids) for p, ids in node.sources.items()}
    return replace(node, id=id, sources=sources)


def _changed(group: Group) -> GraphError:
    return GraphError(
        N_(
            "{label} can't be closed: its gates no longer do what {op} does. "
            "Undo the change, or leave it open."
        ),
        nodes=group.members,
        label=group.node.label,
        op=group.node.op.title,
    )
