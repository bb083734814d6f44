"""A project as the parts of its file."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array
from bpstudio.engine.ops.missing import Missing
from bpstudio.engine.unfold import Group
from bpstudio.language import N_
from bpstudio.project import migrations
from bpstudio.project.container import Parts, refusal
from bpstudio.project.joining import joined
from bpstudio.project.project import Project
from bpstudio.project.records import (
    FIELDS,
    BoxRecord,
    ColumnRecord,
    DataRecord,
    GroupRecord,
    HeldRecord,
    NoteRecord,
    PortRecord,
    ProjectRecord,
    TrainedRecord,
    encoded,
)
from bpstudio.project.writing_parts import (
    held_record,
    memory_record,
    node_record,
    training_record,
)
from bpstudio.project.writing_runs import runs_record

DATA = ("data-features", "data-answers", "data-held_out")
LOSSES = "trained-losses"
"""Names of arrays that are no key `node.port`: an id has no hyphen."""


def parts_of(project: Project, thumbnail: bytes | None = None) -> Parts:
    """What the file of this project holds; the same project gives the same parts.

    Raises FileError for a value that the format can't express.
    """
    arrays = dict(project.unknown_arrays)
    record = ProjectRecord(
        format_version=migrations.CURRENT,
        title=project.title,
        note=project.note,
        nodes=[
            node_record(node, project.places.get(id)) for id, node in project.graph.nodes.items()
        ],
        gates=_gates(project),
        given=held_record(project.given, arrays),
        weights=held_record(project.weights, arrays),
        statistics=held_record(project.statistics, arrays),
        data=None if project.data is None else _data(project.data, arrays),
        training=training_record(project.training),
        trained=_trained(project, arrays),
        groups=[_group(each) for each in project.groups.values()] or msgspec.UNSET,
        boxes=[
            BoxRecord(box.id, list(box.members), box.title, box.folded, box.colour)
            for box in project.boxes.values()
        ]
        or msgspec.UNSET,
        notes=[NoteRecord(note.id, note.text, note.place) for note in project.notes.values()]
        or msgspec.UNSET,
        runs=runs_record(project, arrays),
    )
    record.joined, arrays = joined(arrays)
    record.joined = record.joined or msgspec.UNSET
    unknown = {name: value for name, value in project.unknown.items() if name not in FIELDS}
    plain = msgspec.to_builtins(record, enc_hook=_plain)
    return Parts(encoded({**plain, **unknown}), arrays, thumbnail)


def _group(group: Group) -> GroupRecord:
    return GroupRecord(
        node=node_record(group.node),
        members=list(group.members),
        output=group.output,
        inputs={port: list(readings) for port, readings in group.inputs.items()},
        held={
            port: HeldRecord(list(held.shape), list(held.piece), list(held.keys))
            for port, held in group.held.items()
        },
    )


def _gates(project: Project) -> dict[str, list[PortRecord]]:
    """The ports of each gate that occurs, at whichever of its nodes they are.

    What is known of a missing one is never written over.
    """
    opened = (group.node for group in project.groups.values())
    nodes = sorted(
        (*project.graph.nodes.values(), *opened), key=lambda node: isinstance(node.op, Missing)
    )
    gates: dict[str, dict[str, PortRecord]] = {}
    for node in nodes:
        ports = gates.setdefault(node.op.name, {})
        for port in node.op.ports:
            ports[port.name] = PortRecord(port.name, port.kind.value, port.variadic)
    return {name: list(ports.values()) for name, ports in gates.items()}


def _data(data: Dataset, arrays: dict[str, Array]) -> DataRecord:
    features, answers, held_out = DATA
    arrays |= {features: data.features, answers: data.answers, held_out: data.held_out}
    return DataRecord(
        name=data.name,
        features=features,
        answers=answers,
        held_out=held_out,
        classes=list(data.classes),
        feature_names=list(data.feature_names),
        recipe=dict(data.recipe),
        columns=[
            ColumnRecord(each.name, list(each.categories), each.fill, each.mean, each.deviation)
            for each in data.columns
        ]
        or msgspec.UNSET,
    )


def _trained(project: Project, arrays: dict[str, Array]) -> TrainedRecord | None:
    trained = project.trained
    if trained.steps == 0 and not len(trained.losses):
        return None
    arrays[LOSSES] = trained.losses
    return TrainedRecord(
        steps=trained.steps, losses=LOSSES, memory=memory_record(trained.memory, arrays)
    )


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise refusal("project.json", N_("it can't hold a {kind}."), kind=type(value).__name__)
