"""What holds for every project, whatever was done to it, and for the picture of it."""

from __future__ import annotations

import math
from typing import Any

from bpstudio.data.dataset import Dataset
from bpstudio.engine.graph import Graph
from bpstudio.engine.op import Kind
from bpstudio.engine.shapes import argument_shapes
from bpstudio.playback.scene import Scene, scene
from bpstudio.project.boxes import contents, folded_in
from bpstudio.project.project import TYPED, Project


def same(one: Project, two: Project) -> bool:
    """Whether two projects are equal in every part, arrays to the last bit."""
    parts = ("given", "weights", "statistics", "unknown_arrays")
    return (
        list(one.graph.nodes.items()) == list(two.graph.nodes.items())
        and all(_same_arrays(getattr(one, part), getattr(two, part)) for part in parts)
        and one.places == two.places
        and _same_data(one.data, two.data)
        and (one.training, one.title, one.note) == (two.training, two.title, two.note)
        and list(one.groups.items()) == list(two.groups.items())
        and (dict(one.boxes), dict(one.notes)) == (dict(two.boxes), dict(two.notes))
        and one.trained.steps == two.trained.steps
        and _same_array(one.trained.losses, two.trained.losses)
        and one.trained.memory.layout == two.trained.memory.layout
        and _same_arrays(one.trained.memory.vectors, two.trained.memory.vectors)
        and one.unknown == two.unknown
    )


def _same_array(one: Any, two: Any) -> bool:
    return bool(
        one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()
    )


def _same_arrays(one: Any, two: Any) -> bool:
    return one.keys() == two.keys() and all(_same_array(one[key], two[key]) for key in one)


def _same_data(one: Dataset | None, two: Dataset | None) -> bool:
    if one is None or two is None:
        return one is two
    return (
        (one.name, one.classes, one.feature_names) == (two.name, two.classes, two.feature_names)
        and dict(one.recipe) == dict(two.recipe)
        and all(
            _same_array(getattr(one, part), getattr(two, part))
            for part in ("features", "answers", "held_out")
        )
    )


def check_whole(project: Project) -> None:
    """What every project keeps, whatever was done to it."""
    graph = project.graph
    for part, kinds in (
        (project.given, TYPED),
        (project.weights, (Kind.WEIGHT,)),
        (project.statistics, (Kind.STATISTIC,)),
    ):
        assert part.keys() <= set(graph.keys(*kinds))
        assert not any(array.flags.writeable for array in part.values())
    assert project.places.keys() == graph.nodes.keys()
    assert project.training.frozen <= graph.nodes.keys()
    for group in project.groups.values():
        assert all(member in graph.nodes or member in project.groups for member in group.members)
    held = [member for box in project.boxes.values() for member in box.members]
    assert len(held) == len(set(held))
    assert set(held) <= graph.nodes.keys() | project.notes.keys() | project.boxes.keys()
    check_wires(graph)
    for id in project.known_shapes:
        node = graph.nodes[id]
        needed = argument_shapes(graph, node, project.known_shapes, project.known_given)
        for port in node.owned(Kind.WEIGHT):
            assert project.weights[f"{id}.{port.name}"].shape == needed[port.name].features


def check_wires(graph: Graph) -> None:
    """That no wire dangles and none lies in a loop, found out anew and not by the graph itself."""
    waiting = {id: set(node.feeding) for id, node in graph.nodes.items()}
    for id, node in graph.nodes.items():
        ports = {port.name: port for port in node.op.ports}
        for port, sources in node.sources.items():
            assert set(sources) <= graph.nodes.keys()
            assert sources and (ports[port].variadic or len(sources) == 1), (id, port)
    while free := {id for id, sources in waiting.items() if not sources}:
        waiting = {id: sources - free for id, sources in waiting.items() if id not in free}
    assert not waiting


def check_drawn(project: Project, drawn: Scene | None = None) -> None:
    """That a picture, by default a fresh one, shows each node, wire and opened gate, no others."""
    drawn = scene(project) if drawn is None else drawn
    nodes, docks, hidden = project.graph.nodes, drawn.docks, folded_in(project.boxes)
    assert drawn.project.graph is project.graph
    assert drawn.bodies.keys() == nodes.keys()
    piles = [body.box for body in drawn.each if body.box]
    assert sorted(piles) == sorted({hidden[id] for id in nodes if id in hidden})
    alone = {body.node.id for body in drawn.each if not body.box}
    assert alone == nodes.keys() - docks.keys() - hidden.keys()
    wires = {
        (id, port, slot): source
        for id, node in nodes.items()
        for port, sources in node.sources.items()
        for slot, source in enumerate(sources)
        if id not in docks and (id not in hidden or hidden[id] != hidden.get(source))
    }
    assert {path.wire: path.source for path in drawn.paths} == wires
    assert len(drawn.paths) == len(wires)
    frames = {frame.id: frame for frame in drawn.frames}
    assert len(frames) == len(drawn.frames)
    assert frames.keys() <= project.groups.keys() | project.boxes.keys()
    for id in project.groups:
        inside = _nodes_of(project, id)
        if inside.isdisjoint(hidden):
            assert frames[id].members == inside
    for id in project.boxes:
        inside = frozenset(contents(project.boxes, id))
        seen = not project.boxes[id].folded and inside.isdisjoint(hidden)
        assert not seen or frames[id].members == inside
        assert not project.boxes[id].folded or id not in frames
    assert {slip.note.id for slip in drawn.slips} == project.notes.keys() - hidden.keys()
    for body in drawn.each:
        if not body.box:
            for stands, place in zip(body.rect.centre, project.places[body.node.id], strict=True):
                assert math.isclose(stands, place, rel_tol=1e-9, abs_tol=1e-6)


def _nodes_of(project: Project, id: str) -> frozenset[str]:
    if id not in project.groups:
        return frozenset({id})
    return frozenset().union(*(_nodes_of(project, m) for m in project.groups[id].members))
