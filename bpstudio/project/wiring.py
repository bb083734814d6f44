"""Edits of several wires, or of a node and its wires, as one."""

from __future__ import annotations

from collections.abc import Iterable

from bpstudio.engine.op import Kind, Op
from bpstudio.errors import GraphError
from bpstudio.language import N_
from bpstudio.project import edits
from bpstudio.project.edits import Place
from bpstudio.project.project import Project

Wire = tuple[str, str, int]
"""A wire by where it ends: target node, port, slot."""


def replug(project: Project, wire: Wire, target: str, port: str) -> Project:
    """The end of a wire taken out of its port and put into another."""
    source = project.graph[wire[0]].sources[wire[1]][wire[2]]
    return edits.connect(edits.disconnect(project, *wire), source, target, port)


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
