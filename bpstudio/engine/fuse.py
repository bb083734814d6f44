"""Gates that together do what one gate does, fused into it.

A gate is recognised by what it does and not by how it is drawn: whatever gives its values and its
gradients for drawn numbers, zeros and ties among them, is that gate.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.inside import Held, Inside, does_the_same, gathered, stand_for
from bpstudio.engine.op import Array, Kind, Op, Port, catalog
from bpstudio.engine.ops.custom import Formula
from bpstudio.engine.ops.source import Answers
from bpstudio.engine.shapes import Shape
from bpstudio.errors import GraphError, StudioError
from bpstudio.language import N_

MOST_PORTS = 4
MOST_SETTINGS = 60
"""A gate is tried with at most so many inputs, and so many choices of its settings."""


class Fused(NamedTuple):
    """A graph with some gates fused into one, the weights, and the new node."""

    graph: Graph
    weights: Mapping[str, Array]
    node: Node


class _Chain(NamedTuple):
    """The gates to be fused: what feeds them, what they own, and who gives the value.

    `stands` has the node that stands for each source outside, by its id, and the nodes that read
    answers; `owned` the shape of each weight by key.
    """

    nodes: Mapping[str, Node]
    output: str
    stands: Mapping[str, str]
    shapes: Mapping[str, Shape]
    owned: Mapping[str, Shape]


def fuse(
    graph: Graph,
    weights: Mapping[str, Array],
    ids: Collection[str],
    shapes: Mapping[str, Shape],
    taken: Collection[str] = (),
) -> Fused:
    """The graph with these gates fused into the one gate that does the same.

    `shapes` has the output shapes of the nodes, `taken` ids that the new node may not have. What
    the gates own becomes the new gate's own. Raises GraphError where they are no chain with one
    result, or do what no gate does.
    """
    members = tuple(id for id in graph.order if id in {graph[each].id for each in ids})
    chain = _chain(graph, weights, members, shapes)
    found = next(_candidates(graph, chain, members), None)
    if found is None:
        raise GraphError(
            N_("There is no gate that does what {names} do together. Choose others."),
            nodes=members,
            names=", ".join(graph[id].label for id in members),
        )
    op, item_of = found
    stem = "loss" if op.category == "loss" else op.name
    used = {*graph.nodes, *taken} - set(members)
    id = next(f"{stem}{n}" for n in itertools.count(1) if f"{stem}{n}" not in used)
    sources = {
        port: (item,)
        for port, item in item_of.items()
        if item in chain.stands and item not in members
    }
    node = Node(id, op, sources)
    held = {port: _whole(chain, key) for port, key in item_of.items() if key in chain.owned}
    nodes: dict[str, Node] = {}
    for each in graph.nodes.values():
        if each.id == chain.output:
            nodes[id] = node
        elif each.id not in members:
            nodes[each.id] = _fed_by(each, chain.output, id)
    return Fused(Graph(nodes), gathered(weights, id, held), node)


def _chain(
    graph: Graph,
    weights: Mapping[str, Array],
    members: tuple[str, ...],
    shapes: Mapping[str, Shape],
) -> _Chain:
    """The gates with stand-ins for what feeds them."""
    results = [
        id
        for id in members
        if not graph.readers[id] or any(reader not in members for reader in graph.readers[id])
    ]
    if len(results) != 1:
        raise GraphError(
            N_(
                "{count} of these gates give a value to others, so they are not one gate. "
                "Choose gates with one result."
            ),
            nodes=tuple(results),
            count=len(results),
        )
    feeding = dict.fromkeys(s for id in members for s in graph[id].feeding if s not in members)
    unknown = next((id for id in (*feeding, *members) if id not in shapes), None)
    if unknown is not None:
        raise GraphError(
            N_("{label} gives nothing yet. Connect it, or take it out of the choice."),
            nodes=(unknown,),
            label=graph[unknown].label,
        )
    stands = {id: f"{id}_" for id in feeding}
    while set(stands.values()) & set(graph.nodes):
        stands = {id: f"{stand}_" for id, stand in stands.items()}
    nodes = {stand: stand_for(stand, shapes[id]) for id, stand in stands.items()}
    for id in members:
        node = graph[id]
        if isinstance(node.op, Answers):
            nodes[id], stands[id] = stand_for(id, shapes[id]), id
            continue
        fed = {p: tuple(stands.get(s, s) for s in ids) for p, ids in node.sources.items()}
        nodes[id] = dataclasses.replace(node, sources=fed)
    keys = [f"{id}.{port.name}" for id in members for port in nodes[id].owned(Kind.WEIGHT)]
    owned = {key: Shape(weights[key].shape) for key in keys}
    return _Chain(nodes, results[0], stands, {id: shapes[id] for id in stands}, owned)


def _candidates(
    graph: Graph, chain: _Chain, members: tuple[str, ...]
) -> Iterator[tuple[Op, Mapping[str, str]]]:
    """Each gate that does what the chain does, with what belongs at each of its ports."""
    items = (*chain.stands, *chain.owned)
    if not 0 < len(items) <= MOST_PORTS:
        return
    own = {type(graph[id].op) for id in members} if len(members) == 1 else set()
    kinds = [
        kind
        for kind in catalog.values()
        if len(kind.ports) == len(items)
        and kind.category != "source"
        and not issubclass(kind, Formula)
        and kind not in own
    ]
    # A gate with nothing to set says more than one that has to be set.
    for kind in sorted(kinds, key=lambda kind: len(dataclasses.fields(kind))):
        for order in itertools.permutations(items):
            item_of = dict(zip((port.name for port in kind.ports), order, strict=True))
            if not all(_fits(port, item_of[port.name], chain) for port in kind.ports):
                continue
            for op in _set_otherwise(kind, graph, chain, members):
                if _is_it(op, chain, item_of):
                    yield op, item_of


def _fits(port: Port, item: str, chain: _Chain) -> bool:
    """Whether what the chain reads or owns can belong at a port."""
    if port.variadic or port.kind not in (Kind.INPUT, Kind.WEIGHT, Kind.TARGET):
        return False
    if item in chain.owned:
        return port.kind is Kind.WEIGHT
    # Answers that the chain itself reads are a loss's own.
    return chain.stands[item] != item or port.kind is Kind.TARGET


def _is_it(op: Op, chain: _Chain, item_of: Mapping[str, str]) -> bool:
    arguments = {port: {**chain.shapes, **chain.owned}[item] for port, item in item_of.items()}
    weights = {port.name for port in op.ports if port.kind is Kind.WEIGHT}
    try:
        rest = {name: shape for name, shape in arguments.items() if name not in weights}
        needed = op.weight_shapes(**rest)
        op.shape(**arguments)
    except StudioError:
        return False
    if any(arguments[name] != Shape(axes) for name, axes in needed.items()):
        return False
    stands = {port: chain.stands[item] for port, item in item_of.items() if item in chain.stands}
    held = {port: _whole(chain, item) for port, item in item_of.items() if item in chain.owned}
    return does_the_same(op, Inside(chain.nodes, chain.output, stands, held), arguments)


def _set_otherwise(
    kind: type[Op], graph: Graph, chain: _Chain, members: tuple[str, ...]
) -> Iterator[Op]:
    """The gate as it comes, and with the numbers of the chain as its settings."""
    settings = [value for id in members for value in graph[id].op.settings.values()]
    numbers = [v for v in settings if isinstance(v, int | float) and not isinstance(v, bool)]
    numbers += [-v for v in numbers] + [1 / v for v in numbers if v]
    lengths = [n for shape in chain.owned.values() for n in shape.features[-1:]]
    choices = []
    for field in dataclasses.fields(kind):
        values = [field.default]
        if isinstance(field.default, float):
            values += map(float, numbers)
        elif isinstance(field.default, int) and not isinstance(field.default, bool):
            values += [*lengths, *(int(v) for v in numbers if v == int(v))]
        elif field.metadata["choices"] and not isinstance(field.default, str):
            values += field.metadata["choices"]
        choices.append([(field.name, value) for value in dict.fromkeys(values)])
    for chosen in itertools.islice(itertools.product(*choices), MOST_SETTINGS):
        try:
            yield kind(**dict(chosen))
        except StudioError:
            continue


def _whole(chain: _Chain, key: str) -> Held:
    shape = chain.owned[key].features
    return Held(shape, shape, (key,))


def _fed_by(node: Node, old: str, new: str) -> Node:
    if old not in node.feeding:
        return node
    sources = {p: tuple(new if s == old else s for s in ids) for p, ids in node.sources.items()}
    return dataclasses.replace(node, sources=sources)
