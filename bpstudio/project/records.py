"""What `project.json` looks like: the records that it is made of, and the limits they keep.

Arrays are not in it, only single numbers are: a record names the array, and the file holds it under
that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from bpstudio.language import N_
from bpstudio.project.container import refusal
from bpstudio.project.limits import LARGEST_INTEGER, LONGEST_NAME, LONGEST_NOTE, printable

MOST_NODES = 20_000
MOST_DEPTH = 64

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Title = Annotated[str, Meta(max_length=LONGEST_NAME)]
Key = Annotated[str, Meta(max_length=2 * LONGEST_NAME + 1, description="node.port")]
ArrayName = Annotated[str, Meta(min_length=1, max_length=2 * LONGEST_NAME + 1)]
Held = float | ArrayName
Count = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]


class PortRecord(Struct, omit_defaults=True):
    """A port of a gate, so that a version which does not know the gate can show it."""

    name: Name
    kind: Name = "input"
    variadic: bool = False


class NodeRecord(Struct, omit_defaults=True):
    """A node: its gate's name and settings, what feeds each port, its centre on the canvas."""

    id: Name
    op: Name
    settings: dict[Name, Any] = field(default_factory=dict)
    sources: dict[Name, list[Name]] = field(default_factory=dict)
    title: Title = ""
    place: tuple[float, float] | None = None


class HeldRecord(Struct):
    """A weight of an opened gate, held in pieces of one shape by others: their keys in order."""

    shape: list[Count]
    piece: list[Count]
    keys: list[Key]


class GroupRecord(Struct, omit_defaults=True):
    """A gate that stands opened: the node as it was, and what stands there now.

    `members` are ids of nodes or of opened gates within, `output` the one that gives the value;
    `inputs` has for each port the members and their ports that read what feeds it.
    """

    node: NodeRecord
    members: list[Name]
    output: Name
    inputs: dict[Name, list[tuple[Name, Name]]] = field(default_factory=dict)
    held: dict[Name, HeldRecord] = field(default_factory=dict)


class BoxRecord(Struct, omit_defaults=True):
    """A named box around nodes, notes and boxes within it, by their ids."""

    id: Name
    members: list[Name]
    title: Title = ""
    folded: bool = False
    colour: Name = "grey"


class NoteRecord(Struct):
    """A text on the canvas, with the place of its left upper corner."""

    id: Name
    text: Annotated[str, Meta(max_length=LONGEST_NOTE)]
    place: tuple[float, float]


class ColumnRecord(Struct, omit_defaults=True):
    """A column of the table that the features were read from, and how it becomes numbers."""

    name: Title
    categories: list[Title] = field(default_factory=list)
    fill: float | Title | None = None
    mean: float = 0.0
    deviation: Annotated[float, Meta(gt=0)] = 1.0


class DataRecord(Struct):
    """The data set; features, answers and the rows kept for testing are names of arrays.

    `columns` are those of the table that it was read from, left out for a set from no table.
    """

    name: Annotated[str, Meta(max_length=5 * LONGEST_NAME)]
    features: ArrayName
    answers: ArrayName
    held_out: ArrayName
    classes: list[Title] = field(default_factory=list)
    feature_names: list[Title] = field(default_factory=list)
    recipe: dict[Name, Any] = field(default_factory=dict)
    columns: list[ColumnRecord] | UnsetType = UNSET


class StopRecord(Struct, omit_defaults=True):
    """When a training ends by itself: at a step, a loss, an accuracy, without improvement."""

    steps: Annotated[int, Meta(ge=1, le=LARGEST_INTEGER)] | None = None
    loss: float | None = None
    accuracy: Annotated[float, Meta(ge=0, le=1)] | None = None
    patience: Annotated[int, Meta(ge=1, le=LARGEST_INTEGER)] | None = None


class TrainingRecord(Struct, omit_defaults=True):
    """How it is trained: optimizer and schedule by name with their settings, and the rest."""

    optimizer: Name
    settings: dict[Name, Any]
    batch: Annotated[int, Meta(ge=1, le=LARGEST_INTEGER)] | None
    l2: Annotated[float, Meta(ge=0)]
    seed: Count
    frozen: list[Name]
    l1: Annotated[float, Meta(ge=0)] = 0.0
    schedule: Name = "constant"
    schedule_settings: dict[Name, Any] = field(default_factory=dict)
    clip_norm: Annotated[float, Meta(gt=0)] | None = None
    clip_value: Annotated[float, Meta(gt=0)] | None = None
    rates: dict[Name, Annotated[float, Meta(ge=0)]] = field(default_factory=dict)
    stop: StopRecord | None = None


class MemoryRecord(Struct):
    """What the optimizer remembers since a step: arrays by the name of its state vector.

    Each vector is laid out for these weights in this order: key and shape.
    """

    since: Count
    layout: list[tuple[Key, list[Count]]]
    vectors: dict[Name, ArrayName]


class TrainedRecord(Struct, omit_defaults=True):
    """How far it was trained; losses is the name of an array with the loss of each step."""

    steps: Count
    losses: ArrayName
    memory: MemoryRecord | None = None


class JoinedRecord(Struct):
    """Many small arrays in the one of this name, one after the other: their names and shapes."""

    array: ArrayName
    pieces: list[tuple[ArrayName, list[Count]]]


class MetricsRecord(Struct, omit_defaults=True):
    """How well the weights did at the end of a run, over all rows."""

    step: Count
    loss: float
    accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    penalty: float = 0.0
    error: float | None = None
    test_error: float | None = None
    confusion: list[list[Count]] = field(default_factory=list)
    test_confusion: list[list[Count]] = field(default_factory=list)


class ChangeRecord(Struct, omit_defaults=True):
    """What was changed in a run, and the step from which it held; what is left out stayed."""

    step: Count
    training: TrainingRecord | None = None
    given: dict[Key, Held] | None = None
    test: dict[Key, Held] | None = None


class RunRecord(Struct, omit_defaults=True):
    """A run: where it began, what was changed on the way, and what it came to.

    `losses` names an array with the loss of each step up to its end, those before its start
    included. `weights`, `statistics` and `memory` are those at its start. `nodes` is left out for
    the network of the project, `given` and `test` for its data.
    """

    id: Name
    start: Count
    end: Count
    losses: ArrayName
    training: TrainingRecord
    weights: dict[Key, Held]
    statistics: dict[Key, Held] = field(default_factory=dict)
    memory: MemoryRecord | None = None
    nodes: Annotated[list[NodeRecord], Meta(max_length=MOST_NODES)] | None = None
    given: dict[Key, Held] | None = None
    test: dict[Key, Held] | None = None
    objective: Name | None = None
    classification: bool = False
    changes: list[ChangeRecord] = field(default_factory=list)
    parent: Name | None = None
    marks: list[Count] = field(default_factory=list)
    metrics: MetricsRecord | None = None
    problem: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""


class RunsRecord(Struct, omit_defaults=True):
    """The runs that are kept with the project, in their order; `present` is that of its weights.

    `saved` says whether runs are to be kept with it at all.
    """

    kept: list[RunRecord] = field(default_factory=list)
    present: Name | None = None
    saved: bool = True


class ProjectRecord(Struct):
    """A project file's `project.json`.

    `gates` has the ports of each gate that occurs; `given`, `weights` and `statistics` the values
    by key `node.port`: a single number as it stands (or "nan", "inf", "-inf"), else the name of an
    array. `groups`, the gates that stand opened, `boxes`, `notes` and `runs` are left out where
    there are none, and so is `joined`, the arrays that lie together because they are very many.
    What else stands at the top level is kept as it is.
    """

    format_version: Annotated[int, Meta(ge=1)]
    training: TrainingRecord
    title: Title = ""
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""
    nodes: Annotated[list[NodeRecord], Meta(max_length=MOST_NODES)] = field(default_factory=list)
    gates: dict[Name, list[PortRecord]] = field(default_factory=dict)
    given: dict[Key, Held] = field(default_factory=dict)
    weights: dict[Key, Held] = field(default_factory=dict)
    statistics: dict[Key, Held] = field(default_factory=dict)
    data: DataRecord | None = None
    trained: TrainedRecord | None = None
    groups: list[GroupRecord] | UnsetType = UNSET
    joined: list[JoinedRecord] | UnsetType = UNSET
    boxes: Annotated[list[BoxRecord], Meta(max_length=MOST_NODES)] | UnsetType = UNSET
    notes: Annotated[list[NoteRecord], Meta(max_length=MOST_NODES)] | UnsetType = UNSET
    runs: RunsRecord | UnsetType = UNSET


FIELDS = frozenset(ProjectRecord.__struct_fields__)
"""The fields of the top level that this version knows."""


def schema() -> dict[str, Any]:
    """The JSON Schema of `project.json`, for programs that want to check or write one."""
    return msgspec.json.schema(ProjectRecord)


def decoded(content: bytes) -> dict[str, Any]:
    """The plain document in the bytes of `project.json`, within the limits.

    Raises FileError for what is not JSON, and for depths, numbers and texts that no project has.
    """
    try:
        document = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise refusal(
            "project.json", N_("this is not JSON as it should be ({reason})."), reason=error
        ) from None
    except UnicodeDecodeError as error:
        raise refusal("project.json", N_("this is not UTF-8 ({reason})."), reason=error) from None
    except RecursionError:
        raise _too_deep("project.json") from None
    if not isinstance(document, dict):
        raise refusal("project.json", N_("it should be one object in braces."))
    _check_limits(document)
    return document


def record(document: Mapping[str, Any], *, newer: bool = False) -> ProjectRecord:
    """The record of a plain document of the current format; raises FileError where it differs.

    Below the top level fields that are not known are refused, because nobody would keep them;
    with `newer`, for a file that is only shown, they are passed over.
    """
    try:
        known = msgspec.convert(document, ProjectRecord)
    except msgspec.ValidationError as error:
        raise refusal("project.json", "{reason}.", reason=error) from None
    if not newer:
        _check_fields(document["training"], TrainingRecord, "training")
        trained = document.get("trained") or {}
        data = document.get("data") or {}
        _check_fields(data, DataRecord, "data")
        for index, column in enumerate(data.get("columns", ())):
            _check_fields(column, ColumnRecord, f"data.columns[{index}]")
        _check_fields(trained, TrainedRecord, "trained")
        _check_fields(trained.get("memory") or {}, MemoryRecord, "trained.memory")
        for index, node in enumerate(document.get("nodes", ())):
            _check_fields(node, NodeRecord, f"nodes[{index}]")
        for index, group in enumerate(document.get("groups", ())):
            _check_fields(group, GroupRecord, f"groups[{index}]")
            _check_fields(group["node"], NodeRecord, f"groups[{index}].node")
            for held in group.get("held", {}).values():
                _check_fields(held, HeldRecord, f"groups[{index}].held")
        for index, part in enumerate(document.get("joined", ())):
            _check_fields(part, JoinedRecord, f"joined[{index}]")
        for index, box in enumerate(document.get("boxes", ())):
            _check_fields(box, BoxRecord, f"boxes[{index}]")
        for index, note in enumerate(document.get("notes", ())):
            _check_fields(note, NoteRecord, f"notes[{index}]")
        _check_fields(document.get("runs") or {}, RunsRecord, "runs")
        for index, run in enumerate((document.get("runs") or {}).get("kept", ())):
            _check_run(run, f"runs.kept[{index}]")
    return known


def _check_run(run: Mapping[str, Any], place: str) -> None:
    _check_fields(run, RunRecord, place)
    _check_fields(run["training"], TrainingRecord, f"{place}.training")
    _check_fields(run.get("memory") or {}, MemoryRecord, f"{place}.memory")
    _check_fields(run.get("metrics") or {}, MetricsRecord, f"{place}.metrics")
    for node in run.get("nodes") or ():
        _check_fields(node, NodeRecord, f"{place}.nodes")
    for change in run.get("changes", ()):
        _check_fields(change, ChangeRecord, f"{place}.changes")
        _check_fields(change.get("training") or {}, TrainingRecord, f"{place}.changes")


def encoded(document: Mapping[str, Any]) -> bytes:
    """The bytes of `project.json`: indented, in a fixed order.

    Raises FileError for what JSON can't express.
    """
    _check_limits(document)
    try:
        packed = msgspec.json.encode(document, order="deterministic")
    except TypeError as error:
        raise refusal("project.json", N_("it can't hold this ({reason})."), reason=error) from None
    return msgspec.json.format(packed, indent=1) + b"\n"


def _check_limits(document: Mapping[str, Any]) -> None:
    """Refuse what is too deep, too large, not finite or not printable, wherever it stands."""
    waiting: list[tuple[Any, str, int]] = [(document, "project.json", 1)]
    while waiting:
        value, place, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise _too_deep(place)
        if isinstance(value, str):
            _check_text(value, place)
        elif isinstance(value, dict):
            for name, part in value.items():
                _check_text(name, place)
                waiting.append((part, f"{place}.{name}" if depth < 4 else place, depth + 1))
        elif isinstance(value, list | tuple):
            waiting += [(part, f"{place}[{i}]", depth + 1) for i, part in enumerate(value)]
        elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise refusal(
                place,
                N_("whole numbers may not be beyond ±{most}."),
                most=LARGEST_INTEGER,
            )
        elif isinstance(value, float) and not abs(value) < float("inf"):
            raise refusal(place, N_("the number must be finite, not {value}."), value=value)


def _check_text(text: str, place: str) -> None:
    if not printable(text, lines=True):
        raise refusal(place[:200], N_("the text holds characters that can't be shown."))


def _too_deep(place: str) -> Exception:
    return refusal(place[:200], N_("it is nested deeper than {most} levels."), most=MOST_DEPTH)


def _check_fields(document: Mapping[str, Any], kind: type[Struct], place: str) -> None:
    for name in document:
        if name not in kind.__struct_fields__:
            raise refusal(
                place, N_("this version knows no field called {name} here."), name=name[:80]
            )
