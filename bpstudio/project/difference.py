"""What differs between two versions of a project, found by identity.

Edits leave what they do not touch as the same object, so nothing is compared in depth and arrays
are never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bpstudio.engine.graph import Graph, Node
from bpstudio.project.project import Project

Names = frozenset[str]


class Wire(NamedTuple):
    """One wire: what feeds which slot of which port."""

    source: str
    target: str
    port: str
    slot: int


@dataclass(frozen=True)
class Difference:
    """The ids, wires and keys that differ, and which other parts do.

    `changed` are the nodes that are there before and after, but with another gate, other settings,
    wires or another title. `structure` says whether anything differs that a compiled plan depends
    on: gates, settings and wires, but no titles and places.
    """

    added: Names = frozenset()
    removed: Names = frozenset()
    changed: Names = frozenset()
    wires_added: frozenset[Wire] = frozenset()
    wires_removed: frozenset[Wire] = frozenset()
    places: Names = frozenset()
    given: Names = frozenset()
    weights: Names = frozenset()
    statistics: Names = frozenset()
    structure: bool = False
    data: bool = False
    training: bool = False
    trained: bool = False
    title: bool = False
    note: bool = False
    groups: Names = frozenset()
    boxes: Names = frozenset()
    notes: Names = frozenset()
    runs: Names = frozenset()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return self != Difference()

    @property
    def computes(self) -> bool:
        """Whether anything differs that runs, and not only how it looks or what it came from."""
        looks = Difference(
            places=self.places,
            title=self.title,
            note=self.note,
            boxes=self.boxes,
            notes=self.notes,
            runs=self.runs,
        )
        return self != looks


def between(before: Project, after: Project) -> Difference:
    """What differs between two projects, usually before and after an edit."""
    if before is after:
        return Difference()
    old, new = before.graph.nodes, after.graph.nodes
    touched = _differing(old, new)
    changed = touched & old.keys() & new.keys()
    were = frozenset(_wires(before.graph, touched))
    are = frozenset(_wires(after.graph, touched))
    return Difference(
        added=frozenset(new.keys() - old.keys()),
        removed=frozenset(old.keys() - new.keys()),
        changed=changed,
        wires_added=are - were,
        wires_removed=were - are,
        places=_differing(before.places, after.places),
        given=_differing(before.given, after.given),
        weights=_differing(before.weights, after.weights),
        statistics=_differing(before.statistics, after.statistics),
        structure=touched != changed or any(_restructured(old[id], new[id]) for id in changed),
        data=before.data is not after.data,
        training=before.training is not after.training,
        trained=before.trained is not after.trained,
        title=before.title != after.title,
        note=before.note != after.note,
        groups=_differing(before.groups, after.groups),
        boxes=_differing(before.boxes, after.boxes),
        notes=_differing(before.notes, after.notes),
        runs=_differing(before.runs, after.runs),
    )


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> Names:
    """The keys that only one has, or whose objects are not the same."""
    if before is after:
        return frozenset()
    return frozenset(
        key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)
    )


def _wires(graph: Graph, ids: Names) -> list[Wire]:
    """The wires into those of these nodes that the graph has."""
    return [
        Wire(source, id, port, slot)
        for id in ids
        if id in graph.nodes
        for port, sources in graph.nodes[id].sources.items()
        for slot, source in enumerate(sources)
    ]


def _restructured(before: Node, after: Node) -> bool:
    return before.op != after.op or before.sources != after.sources
