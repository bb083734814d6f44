"""Edits: functions from a project to a project.

Each raises StudioError, and changes nothing, where it can't be done. Each keeps what every project
keeps: the network is acyclic and no wire dangles; exactly the owned weights are there, in the shape
that the network asks for, as far as shapes can be known. A network with open ports is a project
like any other while one builds it; only running it says what is missing.

What an edit does not touch stays the same object, so that differences are found by identity.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine import graph as graphs
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind, Op
from bpstudio.errors import GraphError, ShapeError, StudioError
from bpstudio.language import N_
from bpstudio.project import boxing, gates
from bpstudio.project.arrange import arrange
from bpstudio.project.boxing import Place, checked_place
from bpstudio.project.clusters import clusters_of
from bpstudio.project.limits import checked_name, checked_note, checked_settings
from bpstudio.project.project import TYPED, Project, Trained, complete, frozen
from bpstudio.training.job import Memory
from bpstudio.training.settings import Settings


def new_id(project: Project, op: Op) -> str:
    """The id that `add_node` gives next to such a gate: `dense1`, `data1`; `loss1` for a loss."""
    stem = "loss" if op.category == "loss" else op.name
    # The id of a gate that stands opened is kept for it.
    number = 1
    while f"{stem}{number}" in project.graph.nodes or f"{stem}{number}" in project.groups:
        number += 1
    return f"{stem}{number}"


def add_node(
    project: Project, op: Op, place: Place, *, id: str | None = None, title: str = ""
) -> Project:
    """A new node, unconnected, with its centre at `place`. A value to be typed starts as 1."""
    name = new_id(project, op) if id is None else id
    node = Node(name, op, title=checked_name(title))
    typed = {f"{name}.{port.name}": frozen(1.0) for port in op.ports if port.kind is Kind.GIVEN}
    added = replace(
        project,
        graph=graphs.add(project.graph, node),
        places={**project.places, name: checked_place(place)},
        given={**project.given, **typed},
    )
    return complete(added)


def insert_node(
    project: Project, op: Op, place: Place, target: str, port: str, slot: int = 0
) -> Project:
    """A new node in a wire: what fed the port feeds the node's first input, the node the port.

    In a wire between two nodes of one box it joins the box.
    """
    source = _source(project.graph, target, port, slot)
    inputs = [p.name for p in op.ports if p.kind is Kind.INPUT]
    if not inputs:
        raise GraphError(
            N_("{op} has no input, so it can't stand in a wire. Put it beside."), op=op.title
        )
    name = new_id(project, op)
    added = boxing.put_beside(add_node(project, op, place, id=name), [name], source, target)
    fed = graphs.connect(added.graph, source, name, inputs[0])
    return _with_graph(added, rewired(fed, target, port, slot, (name,)))


def remove_nodes(project: Project, ids: Iterable[str]) -> Project:
    """The project without these nodes, their wires, values, weights and places.

    Notes may be among them.
    """
    chosen = frozenset(ids)
    notes = chosen & project.notes.keys()
    rest = boxing.remove_notes(project, notes)
    return _with_graph(rest, graphs.remove(rest.graph, chosen - notes)) if chosen - notes else rest


def heal(project: Project, *ids: str) -> Project:
    """Take nodes that hang together out of their wire: what fed them now feeds what they fed.

    Raises GraphError where no wire or several lead into them, or several of them feed others.
    """
    graph, chosen = project.graph, frozenset(ids)
    feeding = [source for id in ids for source in graph[id].feeding if source not in chosen]
    ends = [id for id in ids if not chosen.issuperset(graph.readers[id])]
    if len(feeding) != 1 or len(ends) > 1:
        raise GraphError(
            N_(
                "{label} is fed by {count} wires, so there is no one wire to join. "
                "Delete it, or leave it one wire."
            )
            if len(ends) < 2
            else N_("{label} feeds others from {count} places, so there is no one wire to join."),
            nodes=ids,
            label=graph[ids[0]].label,
            count=len(feeding) if len(ends) < 2 else len(ends),
        )
    joined = {
        reader.id: replace(
            reader,
            sources={
                port: tuple(feeding[0] if source in ends else source for source in sources)
                for port, sources in reader.sources.items()
            },
        )
        for end in ends
        for reader in map(graph.__getitem__, graph.readers[end])
        if reader.id not in chosen
    }
    return _with_graph(project, graphs.remove(Graph({**graph.nodes, **joined}), ids))


def connect(project: Project, source: str, target: str, port: str) -> Project:
    """A wire from a node to a port; it takes the place of the wire of a port that holds one.

    Raises GraphError, naming the loop, where the wire would close one.
    """
    node = project.graph[target]
    if node.sources.get(port) == (source,) and not _variadic(node, port):
        return project
    return _with_graph(project, graphs.connect(project.graph, source, target, port))


def disconnect(project: Project, target: str, port: str, slot: int = 0) -> Project:
    """The project without the wire into that port (its `slot`-th, for a variadic one)."""
    return _with_graph(project, graphs.disconnect(project.graph, target, port, slot))


def replace_op(project: Project, id: str, op: Op) -> Project:
    """Another gate in the place of a node's own; wires stay where the ports fit.

    A wire stays at the port of the same name; the wires of inputs that the new gate does not have
    go to its inputs that are still open, in order; what then is left over is taken off.
    """
    node = project.graph[id]
    names = {port.name for port in op.ports}
    sources = {port: feeding for port, feeding in node.sources.items() if port in names}
    loose = [s for port, feeding in node.sources.items() if port not in names for s in feeding]
    for port in op.ports:
        if port.kind is Kind.INPUT and loose and port.name not in sources:
            sources[port.name] = tuple(loose) if port.variadic else (loose[0],)
            loose = [] if port.variadic else loose[1:]
    for port in op.ports:
        if not port.variadic and port.name in sources:
            sources[port.name] = sources[port.name][:1]
    typed = {
        f"{id}.{port.name}": frozen(1.0)
        for port in op.ports
        if port.kind is Kind.GIVEN and f"{id}.{port.name}" not in project.given
    }
    put = graphs.put(project.graph, replace(node, op=op, sources=sources))
    return complete(replace(project, graph=put, given={**project.given, **typed}))


def set_setting(project: Project, id: str, setting: str, value: Any) -> Project:
    """A gate with one setting changed. Weights stay where their shape still fits.

    Where the setting decides on the ports, as the text of a formula gate does, wires stay as in
    `replace_op`.
    """
    node = project.graph[id]
    op = gates.changed(node.op, setting, value)
    if op == node.op:
        return project
    if op.ports != node.op.ports:
        return replace_op(project, id, op)
    return _with_graph(project, graphs.put(project.graph, replace(node, op=op)))


def rename(project: Project, id: str, title: str) -> Project:
    """Another title for a node; with an empty one it is called by its id again."""
    node = project.graph[id]
    if node.title == checked_name(title):
        return project
    return replace(project, graph=graphs.put(project.graph, replace(node, title=title)))


def move(project: Project, places: Mapping[str, Place]) -> Project:
    """These nodes with their centres, and these notes with their corners, at these places."""
    notes = {id: place for id, place in places.items() if id in project.notes}
    nodes = {id: place for id, place in places.items() if id not in notes}
    moved = {project.graph[id].id: checked_place(place) for id, place in nodes.items()}
    rest = boxing.move_notes(project, notes)
    if all(project.places.get(id) == place for id, place in moved.items()):
        return rest
    return replace(rest, places={**project.places, **moved})


def tidy(project: Project, sizes: Mapping[str, tuple[float, float]] | None = None) -> Project:
    """All nodes arranged in layers from left to right; `sizes` are their widths and heights."""
    places = dict(project.places)
    return move(project, arrange(project.graph, sizes, places, clusters_of(project)))


def set_value(project: Project, key: str, value: Any) -> Project:
    """A typed value, or a whole weight or statistic, by its key `node.port`.

    A typed value may take another shape; weights behind it are then drawn anew where they no
    longer fit. A weight keeps its shape: raises ShapeError otherwise, and StudioError for a value
    that is not finite or a port that holds no value.
    """
    node, kind = _holder(project, key)
    array = _finite(node, value)
    if kind in TYPED:
        valued = replace(project, given={**project.given, key: array})
        same = key in project.given and project.given[key].shape == array.shape
        return valued if same else complete(valued)
    part = "weights" if kind is Kind.WEIGHT else "statistics"
    held: Mapping[str, Array] = getattr(project, part)
    if key in held and held[key].shape != array.shape:
        raise ShapeError(
            N_("{label} needs a {name} of shape ({needed}), not of shape ({have})."),
            nodes=(node.id,),
            label=node.label,
            name=key.partition(".")[2],
            needed=" × ".join(map(str, held[key].shape)) or "1",
            have=" × ".join(map(str, array.shape)) or "1",
        )
    changed: dict[str, Any] = {part: {**held, key: array}}
    valued = replace(project, **changed)
    return valued if key in held else complete(valued)


def set_entry(project: Project, key: str, index: tuple[int, ...], value: float) -> Project:
    """One number of a typed value, weight or statistic, at an index into its array."""
    node, _ = _holder(project, key)
    held = {**project.given, **project.weights, **project.statistics}.get(key)
    if held is None or len(index) != held.ndim or not _inside(index, held.shape):
        raise StudioError(
            N_("{label} has no entry {index} in its {name}."),
            nodes=(node.id,),
            label=node.label,
            index=", ".join(map(str, index)),
            name=key.partition(".")[2],
        )
    changed = held.copy()
    changed[index] = _finite(node, value)
    return set_value(project, key, changed)


def set_data(project: Project, data: Dataset | None) -> Project:
    """Another data set, or none. Weights stay where their shape still fits."""
    return complete(replace(project, data=data))


def set_training(project: Project, settings: Settings) -> Project:
    """Other training settings. Weights stay: to draw them from another seed, `new_weights`."""
    for id in (*checked_settings(settings).frozen, *dict(settings.rates)):
        project.graph[id]
    return project if settings == project.training else replace(project, training=settings)


def new_weights(project: Project, seed: int) -> Project:
    """All weights and statistics drawn anew from another seed; training starts at step 0."""
    return reset(set_training(project, replace(project.training, seed=seed)))


def reset(project: Project) -> Project:
    """All weights and statistics as they were at the start: the same seed gives the same start.

    Arrays whose shape can't be known yet stay as they are.
    """
    known = project.known_shapes
    blank = replace(
        project,
        weights={k: w for k, w in project.weights.items() if k.partition(".")[0] not in known},
        statistics={
            k: s for k, s in project.statistics.items() if k.partition(".")[0] not in known
        },
        trained=Trained(),
    )
    return complete(blank)


def land_training(
    project: Project,
    weights: Mapping[str, Array],
    statistics: Mapping[str, Array],
    losses: Array,
    steps: int,
    memory: Memory | None = None,
) -> Project:
    """What training came to: these weights, after `steps` steps from the start.

    `losses` has the loss of each of these steps; it takes the place of the series so far. `memory`
    is what the optimizer remembers, so that training goes on as if it had not stopped. Raises
    GraphError where the network is no longer the one that was trained: a result of a network that
    is gone is never written anywhere.
    """
    for part, arrays in ((project.weights, weights), (project.statistics, statistics)):
        for key in part.keys() | arrays.keys():
            if key not in part or key not in arrays or part[key].shape != arrays[key].shape:
                raise GraphError(
                    N_(
                        "The network was changed while it was training ({key}), so this result "
                        "is not its own. Train again."
                    ),
                    key=key,
                )
    return replace(
        project,
        weights={key: frozen(weights[key]) for key in project.weights},
        statistics={key: frozen(statistics[key]) for key in project.statistics},
        trained=Trained(steps, frozen(losses), memory or Memory()),
    )


def set_title(project: Project, title: str) -> Project:
    """Another title of the project."""
    return project if title == project.title else replace(project, title=checked_name(title))


def set_note(project: Project, note: str) -> Project:
    """Another note: what the person wrote about the project, over several lines."""
    return project if note == project.note else replace(project, note=checked_note(note))


def _with_graph(project: Project, graph: Graph) -> Project:
    return complete(replace(project, graph=graph))


def rewired(graph: Graph, target: str, port: str, slot: int, new: tuple[str, ...]) -> Graph:
    """The graph with what feeds one slot of a port replaced."""
    node = graph[target]
    feeding = node.sources[port]
    sources = {**node.sources, port: (*feeding[:slot], *new, *feeding[slot + 1 :])}
    return graphs.put(graph, replace(node, sources=sources))


def _source(graph: Graph, target: str, port: str, slot: int) -> str:
    node = graph[target]
    feeding = node.sources.get(port, ())
    if not 0 <= slot < len(feeding):
        raise GraphError(
            N_("{label} has no wire at its port {port}."),
            nodes=(target,),
            label=node.label,
            port=port,
        )
    return feeding[slot]


def _variadic(node: Node, port: str) -> bool:
    return any(p.name == port and p.variadic for p in node.op.ports)


def _holder(project: Project, key: str) -> tuple[Node, Kind]:
    """The node and the kind of an unconnected argument that holds a value in the project."""
    id, _, name = key.partition(".")
    node = project.graph[id]
    for port in node.owned(*TYPED, Kind.WEIGHT, Kind.STATISTIC):
        if port.name == name:
            return node, port.kind
    raise StudioError(
        N_("{label} holds no value called {name} of its own."),
        nodes=(id,),
        label=node.label,
        name=name,
    )


def _finite(node: Node, value: Any) -> Array:
    try:
        array = frozen(value)
    except (TypeError, ValueError):
        array = frozen(math.nan)
    if not np.isfinite(array).all():
        raise StudioError(
            N_("{label} needs a finite number, not {value}."),
            nodes=(node.id,),
            label=node.label,
            value=str(value)[:40],
        )
    return array


def _inside(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return all(0 <= i < size for i, size in zip(index, shape, strict=True))
