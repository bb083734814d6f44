"""Edits of several wires, or of a node and its wires, as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bpstudio.engine.op import Kind, Op
from bpstudio.errors import GraphError
from bpstudio.language import N_
from bpstudio.project import boxing, edits
from bpstudio.project.boxing import Place
from bpstudio.project.project import Project, complete

Wire = tuple[str, str, int]
"""A wire by where it ends: target node, port, slot."""


def replug(project: Project, wire: Wire, target: str, port: str) -> Project:
    """The end of a wire taken out of its port and put into another."""
    source = project.graph[wire[0]].sources[wire[1]][wire[2]]
    return edits.connect(edits.disconnect(project, *wire), source, target, port)


def thread(project: Project, ids: Sequence[str], wire: Wire) -> Project:
    """Nodes that stand alone put into a wire: what fed its end feeds the first input of the first,
    and the last feeds its end. What lies between them stays."""
    first, last = project.graph[ids[0]], project.graph[ids[-1]]
    inputs = [port.name for port in first.op.ports if port.kind is Kind.INPUT]
    if not inputs:
        raise GraphError(
            N_("{op} has no input, so it can't stand in a wire. Put it beside."), op=first.op.title
        )
    source = project.graph[wire[0]].sources[wire[1]][wire[2]]
    fed = edits.connect(project, source, first.id, inputs[0])
    rewired = edits.rewired(fed.graph, *wire, (last.id,))
    return boxing.put_beside(complete(replace(fed, graph=rewired)), ids, source, wire[0])


def drop(
    project: Project,
    places: Mapping[str, Place],
    wire: Wire | None = None,
    box: str | None = None,
) -> Project:
    """Nodes and notes moved to these places; into a wire, in this order, or into a box, or with
    an empty one out of all boxes."""
    moved = edits.move(project, places)
    if wire is not None:
        moved = thread(moved, tuple(places), wire)
    return moved if box is None else boxing.house(moved, places, box)


def alone(project: Project, ids: Iterable[str]) -> bool:
    """Whether no wire joins any of these nodes to another."""
    chosen = frozenset(ids)
    graph = project.graph
    return all(chosen.issuperset((*graph[id].feeding, *graph.readers[id])) for id in chosen)


def delete(project: Project, ids: Iterable[str]) -> Project:
    """The project without these nodes and notes; their wires are joined where `joins` says so."""
    chosen = frozenset(ids)
    nodes = chosen - project.notes.keys()
    if joins(project, nodes):
        project, chosen = edits.heal(project, *sorted(nodes)), chosen - nodes
    return edits.remove_nodes(project, chosen)


def joins(project: Project, ids: Iterable[str]) -> bool:
    """Whether it is plain what becomes of the wires when nodes are removed: one wire leads in and
    one leads out, and joined they leave every weight and every shape of the others as it is."""
    chosen = frozenset(ids)
    graph = project.graph
    out = [
        source
        for reader in {reader for id in chosen for reader in graph.readers[id]} - chosen
        for source in graph[reader].feeding
        if source in chosen
    ]
    if len(out) != 1:
        return False
    try:
        healed = edits.heal(project, *sorted(chosen))
    except GraphError:
        return False
    left = healed.graph.nodes.keys() & project.known_shapes.keys()
    return all(
        healed.weights.get(key) is weight
        for key, weight in project.weights.items()
        if key.partition(".")[0] not in chosen
    ) and all(healed.known_shapes.get(id) == project.known_shapes[id] for id in left)


def add_behind(project: Project, op: Op, place: Place, source: str) -> Project:
    """A new node that a node feeds, at its first input."""
    inputs = [port.name for port in op.ports if port.kind is Kind.INPUT]
    if not inputs:
        raise GraphError(
            N_("{op} has no input, so nothing can feed it."), nodes=(source,), op=op.title
        )
    id = edits.new_id(project, op)
    return edits.connect(edits.add_node(project, op, place, id=id), source, id, inputs[0])


def add_before(project: Project, op: Op, place: Place, target: str, port: str) -> Project:
    """A new node that feeds a port."""
    id = edits.new_id(project, op)
    return edits.connect(edits.add_node(project, op, place, id=id), id, target, port)


def fits(project: Project, source: str) -> frozenset[str]:
    """The nodes that a node may feed without closing a loop: all but itself and what feeds it."""
    return frozenset(project.graph.nodes) - _reached(project, [source], forth=False)


def feeds(project: Project, target: str) -> frozenset[str]:
    """The nodes that may feed a node without closing a loop; a loss feeds nothing."""
    behind = _reached(project, [target], forth=True)
    return frozenset(
        id
        for id, node in project.graph.nodes.items()
        if id not in behind and node.op.category != "loss"
    )


def _reached(project: Project, begin: Iterable[str], *, forth: bool) -> frozenset[str]:
    """These nodes with all that comes after them, or with all that comes before them."""
    graph = project.graph
    found = set(begin)
    left = list(found)
    while left:
        id = left.pop()
        new = set(graph.readers[id] if forth else graph[id].feeding) - found
        found |= new
        left += new
    return frozenset(found)
