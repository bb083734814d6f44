"""Gates opened into what they are made of, closed again, and fused: edits of a project.

An opened gate takes room where the closed one stood (see `room.py`). Weights go along both ways,
with what the optimizer remembers of them and whether they are frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from bpstudio.engine import fuse as fusing
from bpstudio.engine import inside
from bpstudio.engine import unfold as unfolding
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Kind, Op
from bpstudio.engine.ops.source import Answers
from bpstudio.engine.shapes import Shape, argument_shapes
from bpstudio.engine.unfold import Group
from bpstudio.errors import GraphError
from bpstudio.language import N_
from bpstudio.project import room
from bpstudio.project.boxes import replaced
from bpstudio.project.groups import renamed
from bpstudio.project.project import Project, complete, shapes
from bpstudio.training.job import Memory
from bpstudio.training.settings import given_over


def levels(project: Project, id: str) -> tuple[str, ...]:
    """How far a node can be opened, the least first; nothing for one that is certainly whole."""
    node, known = project.graph[id], inside.levels(project.graph[id].op)
    if known != (inside.GATES,) or id not in project.known_shapes:
        return known
    arguments = argument_shapes(project.graph, node, project.known_shapes, project.known_given)
    fed = tuple(port for port, sources in node.sources.items() if sources)
    return known if _opens(node.op, fed, tuple(arguments.items())) else ()


@lru_cache(maxsize=256)
def _opens(op: Op, fed: tuple[str, ...], arguments: tuple[tuple[str, Shape], ...]) -> bool:
    """Whether gates of that kind, with these ports connected, are made of smaller ones."""
    node = Node("gate", op, dict.fromkeys(fed, ("source",)))
    return inside.inside_of(node, dict(arguments), inside.GATES) is not None


def unfold(project: Project, id: str, level: str = "") -> Project:
    """The project with a node opened: a layer into "neurons", "matrices" or "gates", a gate into
    "gates". Without a level it is opened the least.

    Raises GraphError for a gate that is made of nothing smaller, for one whose inputs are not
    connected yet, and for a layer that is too large to be opened so far.
    """
    node = project.graph[id]
    if id in project.groups:
        raise GraphError(N_("Another {id} stands opened. Close that first."), nodes=(id,), id=id)
    _check_known(project, (id,))
    arguments = argument_shapes(project.graph, node, project.known_shapes, project.known_given)
    opened = unfolding.unfold(
        project.graph, project.weights, id, arguments, level, tuple(project.groups)
    )
    group = opened.group
    training = given_over(project.training, [id], _holders(group))
    return complete(
        replace(
            _with_memory(
                project, opened.graph, lambda arrays: inside.spread(arrays, id, group.held)
            ),
            weights=opened.weights,
            groups={**project.groups, id: group},
            boxes=replaced(project.boxes, [id], group.members),
            places=room.opened(
                project.graph, project.places, project.groups, id, opened.graph, group.members
            ),
            training=training,
        )
    )


def fold(project: Project, ids: Iterable[str]) -> Project:
    """The project with the opened gates of these ids closed, or those that these nodes lie in.

    What lies opened within is closed as well. Weights are gathered as they are by now. Raises
    GraphError for nodes that lie in no opened gate, and for gates that no longer do what the
    closed one does.
    """
    chosen = {}
    for id in ids:
        around = [gid for gid, group in project.groups.items() if id in group.members]
        if id not in project.groups and not around:
            raise GraphError(
                N_("{label} lies in no opened gate, so there is nothing to close."),
                nodes=(id,),
                label=project.graph[id].label,
            )
        chosen[id if id in project.groups else around[0]] = True
    for id in chosen:
        if id in project.groups:
            project = _closed(project, id)
    return project


def fuse(project: Project, ids: Iterable[str]) -> Project:
    """The project with these nodes fused into the one gate that does the same.

    Where they are all that an opened gate is made of, it is closed. Raises GraphError where no gate
    does what they do.
    """
    members = frozenset(ids)
    for id in project.groups:
        if members == _nodes_of(project.groups, id):
            return _closed(project, id)
    fused = fusing.fuse(
        project.graph, project.weights, members, project.known_shapes, tuple(project.groups)
    )
    node = fused.node
    last = next(id for id in members if _feeds_outside(project, id, members))
    owners = [id for id in members if any(key.startswith(f"{id}.") for key in project.weights)]
    return complete(
        replace(
            project,
            graph=fused.graph,
            weights=fused.weights,
            places={**project.places, node.id: project.places.get(last, (0.0, 0.0))},
            boxes=replaced(project.boxes, members, [node.id]),
            training=given_over(project.training, owners, [node.id]),
        )
    )


def _closed(project: Project, id: str) -> Project:
    """The project with one group closed, those within it first."""
    for member in project.groups[id].members:
        if member in project.groups:
            project = _closed(project, member)
    group, graph = project.groups[id], project.graph
    sources = unfolding.sources_of(graph, group)
    _check_known(project, group.members)
    arguments = {port: project.known_shapes[ids[0]] for port, ids in sources.items()}
    arguments |= {port: Shape(held.shape) for port, held in group.held.items()}
    for port in group.node.op.ports:
        answers = [m for m in group.members if isinstance(graph[m].op, Answers)]
        if port.kind is Kind.TARGET and port.name not in arguments and answers:
            arguments[port.name] = project.known_shapes[answers[0]]
    new = id if id not in graph.nodes else _free(project, id)
    closed, weights = unfolding.fold(graph, project.weights, group, arguments, new)
    names = {id: new} if new != id else {}
    groups = {gid: renamed(each, names) for gid, each in project.groups.items() if gid != id}
    return complete(
        replace(
            _with_memory(project, closed, lambda arrays: inside.gathered(arrays, new, group.held)),
            weights=weights,
            groups=groups,
            boxes=replaced(project.boxes, group.members, [new]),
            places=room.closed(graph, project.places, project.groups, group, new),
            training=given_over(project.training, _holders(group), [new]),
        )
    )


def _check_known(project: Project, ids: Iterable[str]) -> None:
    """Raise the sentence that says why the shapes of some nodes can't be known."""
    unknown = [id for id in ids if id not in project.known_shapes]
    if unknown:
        shapes(project)
        raise GraphError(
            N_("{label} gives nothing yet. Connect what feeds it first."),
            nodes=(unknown[0],),
            label=project.graph[unknown[0]].label,
        )


def _holders(group: Group) -> tuple[str, ...]:
    """The nodes that hold the weights of a group."""
    return tuple({key.partition(".")[0]: True for held in group.held.values() for key in held.keys})


def _nodes_of(groups: Mapping[str, Group], id: str) -> frozenset[str]:
    """All nodes of a group, those of groups within it too."""
    if id not in groups:
        return frozenset({id})
    return frozenset().union(*(_nodes_of(groups, member) for member in groups[id].members))


def _feeds_outside(project: Project, id: str, members: frozenset[str]) -> bool:
    readers = project.graph.readers[id]
    return not readers or any(reader not in members for reader in readers)


def _free(project: Project, id: str) -> str:
    number = 2
    while f"{id}_{number}" in project.graph.nodes or f"{id}_{number}" in project.groups:
        number += 1
    return f"{id}_{number}"


def _with_memory(
    project: Project, graph: Graph, change: Callable[[Mapping[str, Array]], Mapping[str, Array]]
) -> Project:
    """The project with another graph, and the optimizer's vectors laid out for its weights."""
    memory = project.trained.memory
    if not memory.vectors:
        return replace(project, graph=graph)
    layout: tuple[tuple[str, tuple[int, ...]], ...] = ()
    vectors = {}
    ends = np.cumsum([int(np.prod(shape)) for _, shape in memory.layout])[:-1]
    for name, vector in memory.vectors.items():
        pieces = zip(memory.layout, np.split(vector, ends), strict=True)
        arrays = change({key: piece.reshape(shape) for (key, shape), piece in pieces})
        keys = [key for key in graph.keys(Kind.WEIGHT) if key in arrays]
        layout = tuple((key, arrays[key].shape) for key in keys)
        vectors[name] = np.concatenate([arrays[key].ravel() for key in keys])
        vectors[name].flags.writeable = False
    trained = replace(project.trained, memory=Memory(memory.since, layout, vectors))
    return replace(project, graph=graph, trained=trained)
