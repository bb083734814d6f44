"""Nodes that are to stay together: what an opened gate is made of, and what lies in a box.

A cluster is arranged by itself, and then stands among the other nodes as one of its size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import catalog
from bpstudio.errors import GraphError
from bpstudio.project.project import Project

Pairs = Mapping[str, tuple[float, float]]
Clusters = Mapping[str, Collection[str]]
"""What lies in each cluster: nodes, or clusters within it. Nothing lies in two."""

LEFT, TOP, RIGHT, BOTTOM = 14.0, 32.0, 14.0, 24.0
"""How far the frame around a cluster stands off what lies in it, in canvas units."""


def clusters_of(project: Project) -> dict[str, tuple[str, ...]]:
    """What is to stay together in a project: each opened gate, and what lies in each box.

    An opened gate lies in the innermost box that holds all its nodes, and is split by no other.
    """
    found = {id: group.members for id, group in project.groups.items()}
    inner = {member for members in found.values() for member in members}
    nodes = {id: frozenset(within(found, id)) for id in found if id not in inner}
    for id, box in project.boxes.items():
        members = dict.fromkeys(box.members)
        for gate, those in nodes.items():
            if those & members.keys():
                # Where a box holds but some of its nodes, the gate itself comes first.
                members = dict.fromkeys(m for m in members if m not in those)
                if those <= frozenset(box.members):
                    members[gate] = None
        found[id] = tuple(m for m in members if m not in project.notes)
    return found


def within(clusters: Clusters, id: str) -> Iterator[str]:
    """The nodes in a cluster, those in clusters within it too."""
    for member in clusters[id]:
        if member in clusters:
            yield from within(clusters, member)
        else:
            yield member


def outermost(graph: Graph, clusters: Clusters) -> dict[str, frozenset[str]]:
    """The nodes of each cluster that stands as one; of those that can't, the clusters within.

    A cluster can't where a wire leaves it and comes back: nothing can stand both left and right.
    """
    inner = {member for members in clusters.values() for member in members}
    waiting = [id for id in clusters if id not in inner]
    found: dict[str, frozenset[str]] = {}
    while waiting:
        id = waiting.pop(0)
        nodes = frozenset(within(clusters, id)) & graph.nodes.keys()
        if nodes and _flows(graph, {**found, id: nodes}):
            found[id] = nodes
        else:
            waiting += [member for member in clusters[id] if member in clusters]
    return found


def part(graph: Graph, ids: Collection[str]) -> Graph:
    """Some nodes of a graph, with the wires among them."""
    nodes = {}
    for id in ids:
        node = graph[id]
        inside = {p: tuple(s for s in ss if s in ids) for p, ss in node.sources.items()}
        nodes[id] = Node(id, node.op, {port: ss for port, ss in inside.items() if ss})
    return Graph(nodes)


def contracted(graph: Graph, nodes: Mapping[str, frozenset[str]], places: Pairs) -> Graph:
    """The graph with one node in the place of each cluster's.

    What feeds a cluster does so in the order of the heights at which it is read there. Raises
    GraphError where that closes a loop.
    """
    holder = {node: id for id, members in nodes.items() for node in members}
    made: dict[str, Node] = {}
    for node in graph.nodes.values():
        id = holder.get(node.id, node.id)
        if id == node.id:
            sources = {p: tuple(holder.get(s, s) for s in ss) for p, ss in node.sources.items()}
            made[id] = node if sources == node.sources else replace(node, sources=sources)
        elif id not in made:
            fed = sorted(
                (places.get(member, (0.0, 0.0))[1], slot, holder.get(source, source))
                for member in nodes[id]
                for slot, source in enumerate(graph[member].feeding)
                if source not in nodes[id]
            )
            feeding = tuple(dict.fromkeys(source for _, _, source in fed))
            many = catalog["concatenate"]()
            port = many.ports[0].name
            made[id] = Node(id, many, {port: feeding} if feeding else {})
    return Graph(made)


def framed(places: Pairs, size: Pairs) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the frame around nodes at these places."""
    return (
        min(x - size[id][0] / 2 for id, (x, _) in places.items()) - LEFT,
        min(y - size[id][1] / 2 for id, (_, y) in places.items()) - TOP,
        max(x + size[id][0] / 2 for id, (x, _) in places.items()) + RIGHT,
        max(y + size[id][1] / 2 for id, (_, y) in places.items()) + BOTTOM,
    )


def _flows(graph: Graph, nodes: Mapping[str, frozenset[str]]) -> bool:
    try:
        contracted(graph, nodes, {})
    except GraphError:
        return False
    return True
