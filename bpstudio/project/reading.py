"""A project from the parts of its file: limits, migrations, validation, and what nobody knows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import UNSET, structs

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.inside import Held
from bpstudio.engine.op import Array, Kind, Op, Port, catalog
from bpstudio.engine.ops.missing import missing
from bpstudio.engine.shapes import argument_shapes
from bpstudio.engine.unfold import Group
from bpstudio.errors import FileError, StudioError
from bpstudio.language import N_
from bpstudio.project import gates, migrations
from bpstudio.project.boxes import Box, Note, check_boxes
from bpstudio.project.container import Parts, refusal
from bpstudio.project.groups import check_groups
from bpstudio.project.joining import separated
from bpstudio.project.project import TYPED, Project, Trained, complete, frozen
from bpstudio.project.reading_data import dataset, shown_name
from bpstudio.project.records import (
    FIELDS,
    MOST_NODES,
    GroupRecord,
    MemoryRecord,
    NodeRecord,
    PortRecord,
    ProjectRecord,
    TrainedRecord,
    TrainingRecord,
    decoded,
    record,
)
from bpstudio.training.job import Memory
from bpstudio.training.settings import Settings, StopRule


class NewerFormat(FileError):
    """A file of a newer version; `values["version"]` is its format. It can be shown, not saved."""


def project_of(parts: Parts, *, allow_newer: bool = False) -> Project:
    """The project in a file's parts.

    Raises FileError, saying where and why, for anything that is not a project; NewerFormat for one
    of a newer version. With `allow_newer` such a file is read as far as it is understood, to be
    shown; `Project.unknown` then holds its format, and it can't be written.
    """
    document = decoded(parts.document)
    version = _version(document)
    newer = version > migrations.CURRENT
    if newer and not allow_newer:
        raise newer_format("project.json", version)
    if not newer:
        document = migrations.lifted(document, version)
    _check_count(document)
    known = record(document, newer=newer)
    joins = [] if known.joined is UNSET else known.joined
    supply = _Supply(separated(parts.arrays, joins))
    unknown = _unknown_ports(known)
    nodes = [_node(each, unknown) for each in known.nodes]
    project = Project(
        graph=_graph(nodes),
        given=_held(supply, known.given, "given"),
        weights=_held(supply, known.weights, "weights"),
        statistics=_held(supply, known.statistics, "statistics"),
        places={each.id: each.place for each in known.nodes if each.place is not None},
        data=None if known.data is None else dataset(supply.take, known.data),
        training=_training(known.training, nodes),
        trained=Trained() if known.trained is None else _trained(supply, known.trained),
        title=shown_name(known.title, "title"),
        note=known.note,
        groups=_groups(known, nodes, unknown),
        boxes=_boxes(known),
        notes=_notes(known),
        unknown={name: value for name, value in document.items() if name not in FIELDS}
        | ({"format_version": version} if newer else {}),
        unknown_arrays=supply.rest(),
    )
    check_boxes(project.boxes, project.notes, project.graph.nodes)
    if not newer:
        _check_held(project)
    return complete(project)


def newer_format(file: str, version: object) -> NewerFormat:
    """The error for a file of a format that this version does not know yet."""
    return NewerFormat(
        N_(
            "{file} was made by a newer version of Backprop Studio (format {version}; this one "
            "knows up to {current}). Install the newer version to change it."
        ),
        file=file,
        version=version,
        current=migrations.CURRENT,
    )


def _version(document: Mapping[str, Any]) -> int:
    version = document.get("format_version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise refusal(
            "project.json.format_version",
            N_("it must be a whole number from 1, not {value}."),
            value=repr(version)[:40],
        )
    return version


def _check_count(document: Mapping[str, Any]) -> None:
    nodes = document.get("nodes", ())
    if isinstance(nodes, list) and len(nodes) > MOST_NODES:
        raise refusal(
            "project.json.nodes",
            N_("there are {count} nodes; at most {most} are allowed."),
            count=len(nodes),
            most=MOST_NODES,
        )


def _graph(nodes: list[Node]) -> Graph:
    by_id: dict[str, Node] = {}
    for node in nodes:
        if node.id in by_id:
            raise refusal("project.json.nodes", N_("two nodes are called {id}."), id=node.id)
        by_id[node.id] = node
    try:
        return Graph(by_id)
    except StudioError as error:
        raise refusal("project.json.nodes", "{reason}", reason=error) from None


def _groups(
    known: ProjectRecord, nodes: list[Node], unknown: Mapping[str, list[Port]]
) -> dict[str, Group]:
    groups = {}
    for each in _group_records(known):
        place = f"project.json.groups.{shown_name(each.node.id, 'project.json.groups')}"
        _identifier(each.node.id, place)
        if each.node.id in groups:
            raise refusal(place, N_("two opened gates have this id."))
        held = {
            port: Held(tuple(each.shape), tuple(each.piece), tuple(each.keys))
            for port, each in each.held.items()
        }
        inputs = {port: tuple(readings) for port, readings in each.inputs.items()}
        node = _node(each.node, unknown)
        groups[each.node.id] = Group(node, tuple(each.members), each.output, inputs, held)
    check_groups(groups, {node.id: node for node in nodes})
    return groups


def _boxes(known: ProjectRecord) -> dict[str, Box]:
    records = [] if known.boxes is UNSET else known.boxes
    made = {b.id: Box(b.id, tuple(b.members), b.title, b.folded, b.colour) for b in records}
    if len(made) < len(records):
        raise refusal("project.json.boxes", N_("two of them have the same id."))
    return made


def _notes(known: ProjectRecord) -> dict[str, Note]:
    records = [] if known.notes is UNSET else known.notes
    made = {each.id: Note(each.id, each.text, each.place) for each in records}
    if len(made) < len(records):
        raise refusal("project.json.notes", N_("two of them have the same id."))
    return made


def _group_records(known: ProjectRecord) -> list[GroupRecord]:
    return [] if known.groups is UNSET else known.groups


def _node(each: NodeRecord, unknown: Mapping[str, list[Port]]) -> Node:
    place = f"project.json.nodes.{shown_name(each.id, 'id')}"
    sources = {port: tuple(ids) for port, ids in each.sources.items() if ids}
    return Node(each.id, _op(each, unknown, place), sources, shown_name(each.title, place))


def _op(each: NodeRecord, unknown: Mapping[str, list[Port]], place: str) -> Op:
    if not _is_known(each):
        return missing(each.op, each.settings, unknown[each.op])
    try:
        return gates.gate(each.op, each.settings)
    except StudioError as error:
        raise refusal(place, "{reason}", reason=error) from None


def _is_known(each: NodeRecord) -> bool:
    """Whether this version has the gate and all of its settings."""
    kind = catalog.get(each.op)
    return kind is not None and each.settings.keys() <= kind.__dataclass_fields__.keys()  # type: ignore[attr-defined]


def _unknown_ports(known: ProjectRecord) -> dict[str, list[Port]]:
    """The ports of each unknown gate: those that the file declares, then others that are in use.

    All nodes of a gate have the same, whichever of them uses a port.
    """
    opened = (group.node for group in _group_records(known))
    unknown = [each for each in (*opened, *known.nodes) if not _is_known(each)]
    gate_of = {each.id: each.op for each in unknown}
    used: dict[str, set[tuple[int, Kind, str]]] = {each.op: set() for each in unknown}
    several: set[tuple[str, str]] = set()
    for each in unknown:
        used[each.op] |= {(0, Kind.INPUT, name) for name in each.sources}
        several |= {(each.op, name) for name, ids in each.sources.items() if len(ids) > 1}
    for order, kind, held in (
        (1, Kind.GIVEN, known.given),
        (2, Kind.WEIGHT, known.weights),
        (3, Kind.STATISTIC, known.statistics),
    ):
        for id, _, name in (key.partition(".") for key in held):
            if id in gate_of:
                used[gate_of[id]].add((order, kind, name))
    found = {}
    for gate, uses in used.items():
        place = f"project.json.gates.{shown_name(gate, 'project.json.gates')}"
        ports = {port.name: _port(port) for port in known.gates.get(gate, ())}
        for _, kind, name in sorted(uses, key=lambda use: (use[0], use[2])):
            ports.setdefault(name, Port(name, kind, (gate, name) in several))
        for name in ports:
            _identifier(name, place)
        found[gate] = list(ports.values())
    return found


def _port(port: PortRecord) -> Port:
    kinds = {kind.value for kind in Kind}
    # A kind of argument that only a newer version has is shown as an input.
    kind = Kind(port.kind) if port.kind in kinds else Kind.INPUT
    return Port(port.name, kind, port.variadic)


def _held(supply: _Supply, held: Mapping[str, float | str], part: str) -> dict[str, Array]:
    values = {}
    for key, value in held.items():
        place = f"project.json.{part}.{key}"
        if value in ("nan", "inf", "-inf") or isinstance(value, float):
            values[key] = frozen(float(value))
        else:
            values[key] = supply.take(str(value), place, "biuf", np.float64)
    return values


def _check_held(project: Project) -> None:
    """Refuse values that nobody owns, and weights of another shape than the network needs."""
    graph = project.graph
    for part, kinds in (
        ("given", TYPED),
        ("weights", (Kind.WEIGHT,)),
        ("statistics", (Kind.STATISTIC,)),
    ):
        owned = set(graph.keys(*kinds))
        for key in getattr(project, part):
            if key not in owned:
                raise refusal(
                    f"project.json.{part}.{key}"[:300],
                    N_("no node of the network holds this value."),
                )
    known, given = project.known_shapes, project.known_given
    for id in known:
        node = graph.nodes[id]
        for name, shape in argument_shapes(graph, node, known, given).items():
            have = project.weights.get(f"{id}.{name}", project.statistics.get(f"{id}.{name}"))
            if have is not None and not node.sources.get(name) and have.shape != shape.features:
                raise refusal(
                    f"arrays/{id}.{name}.npy",
                    N_("{label} needs a {name} of shape {needed}, but the file has {have}."),
                    label=node.label,
                    name=name,
                    needed=shape.features,
                    have=have.shape,
                )


def _training(known: TrainingRecord, nodes: list[Node]) -> Settings:
    place = "project.json.training"
    ids = {node.id for node in nodes}
    for named, sentence in (
        (known.frozen, N_("it freezes {names}, which is no node.")),
        (known.rates, N_("it has a learning rate for {names}, which is no node.")),
    ):
        if missing_nodes := set(named) - ids:
            raise refusal(place, sentence, names=", ".join(sorted(missing_nodes)))
    try:
        optimizer = gates.optimizer(known.optimizer, known.settings)
        schedule = gates.schedule(known.schedule, known.schedule_settings)
    except StudioError as error:
        raise refusal(place, "{reason}", reason=error) from None
    return Settings(
        optimizer=optimizer,
        batch=known.batch,
        l2=known.l2,
        seed=known.seed,
        frozen=frozenset(known.frozen),
        l1=known.l1,
        schedule=schedule,
        clip_norm=known.clip_norm,
        clip_value=known.clip_value,
        rates=tuple(sorted(known.rates.items())),
        stop=StopRule() if known.stop is None else StopRule(**structs.asdict(known.stop)),
    )


def _trained(supply: _Supply, known: TrainedRecord) -> Trained:
    losses = supply.take(known.losses, "project.json.trained", "biuf", np.float64)
    if losses.ndim != 1:
        raise refusal("project.json.trained", N_("the losses must be one series."))
    return Trained(known.steps, losses, _memory(supply, known.memory))


def _memory(supply: _Supply, known: MemoryRecord | None) -> Memory:
    place = "project.json.trained.memory"
    if known is None:
        return Memory()
    for name in known.vectors:
        _identifier(name, place)
    layout = tuple((key, tuple(shape)) for key, shape in known.layout)
    vectors = {n: supply.take(a, place, "f", np.float64) for n, a in known.vectors.items()}
    length = sum(math.prod(shape) for _, shape in layout)
    if any(vector.shape != (length,) for vector in vectors.values()):
        raise refusal(place, N_("its arrays must have {count} numbers each."), count=length)
    return Memory(known.since, layout, vectors)


def _identifier(name: str, place: str) -> None:
    """Refuse the name of a port or of a state if no array could be saved under it."""
    if not name.isidentifier():
        raise refusal(place, N_("{name} is no name for a port."), name=ascii(name))


class _Supply:
    """The arrays of a file, of which each is taken by what names it; the rest is kept."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays
        self._taken: set[str] = set()

    def take(self, name: str, place: str, kinds: str, dtype: type[np.generic]) -> Array:
        """The array of that name as `dtype`; raises FileError unless it is of these kinds."""
        if name not in self._arrays:
            raise refusal(place, N_("there is no arrays/{name}.npy in the file."), name=name)
        array = self._arrays[name]
        if array.dtype.kind not in kinds:
            raise refusal(
                f"arrays/{name}.npy",
                N_("it holds {kind}, which is not what belongs here."),
                kind=array.dtype.name,
            )
        self._taken.add(name)
        return frozen(array, dtype)

    def rest(self) -> dict[str, Array]:
        """The arrays that nothing here knows."""
        return {name: array for name, array in self._arrays.items() if name not in self._taken}
