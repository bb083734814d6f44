"""What a project file and the runs in it have in common: nodes, settings, arrays out of records."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from msgspec import structs

from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Array, Op, Port, catalog
from bpstudio.engine.ops.missing import missing
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project import gates
from bpstudio.project.container import refusal
from bpstudio.project.project import frozen
from bpstudio.project.reading_data import shown_name
from bpstudio.project.records import MemoryRecord, NodeRecord, TrainingRecord
from bpstudio.training.job import Memory
from bpstudio.training.settings import Settings, StopRule


def graph_of(nodes: list[Node]) -> Graph:
    """The graph of these nodes; raises FileError where two have the same id, or it has a loop."""
    by_id: dict[str, Node] = {}
    for node in nodes:
        if node.id in by_id:
            raise refusal("project.json.nodes", N_("two nodes are called {id}."), id=node.id)
        by_id[node.id] = node
    try:
        return Graph(by_id)
    except StudioError as error:
        raise refusal("project.json.nodes", "{reason}", reason=error) from None


def node_of(each: NodeRecord, unknown: Mapping[str, list[Port]]) -> Node:
    """The node of a record; `unknown` has the ports of each gate that this version lacks."""
    place = f"project.json.nodes.{shown_name(each.id, 'id')}"
    sources = {port: tuple(ids) for port, ids in each.sources.items() if ids}
    return Node(each.id, _op(each, unknown, place), sources, shown_name(each.title, place))


def _op(each: NodeRecord, unknown: Mapping[str, list[Port]], place: str) -> Op:
    if not is_known(each):
        return missing(each.op, each.settings, unknown[each.op])
    try:
        return gates.gate(each.op, each.settings)
    except StudioError as error:
        raise refusal(place, "{reason}", reason=error) from None


def is_known(each: NodeRecord) -> bool:
    """Whether this version has the gate and all of its settings."""
    kind = catalog.get(each.op)
    return kind is not None and each.settings.keys() <= kind.__dataclass_fields__.keys()


def training_of(known: TrainingRecord, nodes: list[Node]) -> Settings:
    """The settings of a record; raises FileError for names that are none of these nodes."""
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


def held_of(supply: Supply, held: Mapping[str, float | str], part: str) -> dict[str, Array]:
    """The arrays of these keys: a single number as it stands, else the array that it names."""
    values = {}
    for key, value in held.items():
        place = f"project.json.{part}.{key}"
        if value in ("nan", "inf", "-inf") or isinstance(value, float):
            values[key] = frozen(float(value))
        else:
            values[key] = supply.take(str(value), place, "biuf", np.float64)
    return values


def memory_of(supply: Supply, known: MemoryRecord | None) -> Memory:
    """What an optimizer remembers; raises FileError where vectors and weights do not fit."""
    place = "project.json.trained.memory"
    if known is None:
        return Memory()
    for name in known.vectors:
        identifier(name, place)
    layout = tuple((key, tuple(shape)) for key, shape in known.layout)
    vectors = {n: supply.take(a, place, "f", np.float64) for n, a in known.vectors.items()}
    length = sum(math.prod(shape) for _, shape in layout)
    if any(vector.shape != (length,) for vector in vectors.values()):
        raise refusal(place, N_("its arrays must have {count} numbers each."), count=length)
    return Memory(known.since, layout, vectors)


def identifier(name: str, place: str) -> None:
    """Refuse the name of a port or of a state if no array could be saved under it."""
    if not name.isidentifier():
        raise refusal(place, N_("{name} is no name for a port."), name=ascii(name))


class Supply:
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
