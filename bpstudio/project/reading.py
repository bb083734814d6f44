"""A project from the parts of its file: limits, migrations, validation, and what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from msgspec import UNSET

from bpstudio.engine.graph import Node
from bpstudio.engine.inside import Held
from bpstudio.engine.op import Kind, Port
from bpstudio.engine.shapes import argument_shapes
from bpstudio.engine.unfold import Group
from bpstudio.errors import FileError
from bpstudio.language import N_
from bpstudio.project import migrations
from bpstudio.project.boxes import Box, Note, check_boxes
from bpstudio.project.container import Parts, refusal
from bpstudio.project.groups import check_groups
from bpstudio.project.joining import separated
from bpstudio.project.project import TYPED, Project, Trained, complete
from bpstudio.project.reading_data import dataset, shown_name
from bpstudio.project.reading_parts import (
    Supply,
    graph_of,
    held_of,
    identifier,
    is_known,
    memory_of,
    node_of,
    training_of,
)
from bpstudio.project.reading_runs import with_runs
from bpstudio.project.records import (
    FIELDS,
    MOST_NODES,
    GroupRecord,
    PortRecord,
    ProjectRecord,
    TrainedRecord,
    decoded,
    record,
)


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
    supply = Supply(separated(parts.arrays, joins))
    unknown = _unknown_ports(known)
    nodes = [node_of(each, unknown) for each in known.nodes]
    project = Project(
        graph=graph_of(nodes),
        given=held_of(supply, known.given, "given"),
        weights=held_of(supply, known.weights, "weights"),
        statistics=held_of(supply, known.statistics, "statistics"),
        places={each.id: each.place for each in known.nodes if each.place is not None},
        data=None if known.data is None else dataset(supply.take, known.data),
        training=training_of(known.training, nodes),
        trained=Trained() if known.trained is None else _trained(supply, known.trained),
        title=shown_name(known.title, "title"),
        note=known.note,
        groups=_groups(known, nodes, unknown),
        boxes=_boxes(known),
        notes=_notes(known),
        unknown={name: value for name, value in document.items() if name not in FIELDS}
        | ({"format_version": version} if newer else {}),
    )
    check_boxes(project.boxes, project.notes, project.graph.nodes)
    if not newer:
        _check_held(project)
    project = with_runs(complete(project), known, supply)
    return replace(project, unknown_arrays=supply.rest())


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


def _groups(
    known: ProjectRecord, nodes: list[Node], unknown: Mapping[str, list[Port]]
) -> dict[str, Group]:
    groups = {}
    for each in _group_records(known):
        place = f"project.json.groups.{shown_name(each.node.id, 'project.json.groups')}"
        identifier(each.node.id, place)
        if each.node.id in groups:
            raise refusal(place, N_("two opened gates have this id."))
        held = {
            port: Held(tuple(each.shape), tuple(each.piece), tuple(each.keys))
            for port, each in each.held.items()
        }
        inputs = {port: tuple(readings) for port, readings in each.inputs.items()}
        node = node_of(each.node, unknown)
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


def _unknown_ports(known: ProjectRecord) -> dict[str, list[Port]]:
    """The ports of each unknown gate: those that the file declares, then others that are in use.

    All nodes of a gate have the same, whichever of them uses a port.
    """
    opened = (group.node for group in _group_records(known))
    unknown = [each for each in (*opened, *known.nodes) if not is_known(each)]
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
            identifier(name, place)
        found[gate] = list(ports.values())
    return found


def _port(port: PortRecord) -> Port:
    kinds = {kind.value for kind in Kind}
    # A kind of argument that only a newer version has is shown as an input.
    kind = Kind(port.kind) if port.kind in kinds else Kind.INPUT
    return Port(port.name, kind, port.variadic)


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


def _trained(supply: Supply, known: TrainedRecord) -> Trained:
    losses = supply.take(known.losses, "project.json.trained", "biuf", np.float64)
    if losses.ndim != 1:
        raise refusal("project.json.trained", N_("the losses must be one series."))
    return Trained(known.steps, losses, memory_of(supply, known.memory))
