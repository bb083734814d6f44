"""A project: everything that a person made, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from bpstudio.data.dataset import Dataset
from bpstudio.engine import shapes as shape_rules
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.initial import starting
from bpstudio.engine.op import Array, Kind
from bpstudio.engine.ops.missing import Missing
from bpstudio.engine.ops.source import Answers
from bpstudio.engine.shapes import Shape
from bpstudio.engine.unfold import Group
from bpstudio.errors import GraphError, ShapeError, StudioError
from bpstudio.language import N_
from bpstudio.project.boxes import Box, Note
from bpstudio.project.boxes import whole as whole_boxes
from bpstudio.training.job import Memory
from bpstudio.training.line import Run
from bpstudio.training.settings import Settings

TYPED = (Kind.GIVEN, Kind.INDEX)
"""The kinds of arguments whose value a person types."""


def arguments(project: Project, rows: Array | slice | None = None) -> dict[str, Array]:
    """What a run needs as `given`: typed values, features and targets, by key `node.port`.

    `rows` chooses rows of the data set by their indices; without it they are the rows to train
    on. What is not there yet (no data set, an open port before the loss) is left out, and the run
    then says what it lacks. Raises ShapeError where the targets don't fit the network's output.
    """
    supplied = {key: project.given[key] for key in _keys(project, *TYPED) if key in project.given}
    data = project.data
    if data is None:
        return supplied
    chosen = data.training_rows if rows is None else rows
    supplied |= dict.fromkeys(_keys(project, Kind.FEATURES), data.features[chosen])
    for key in _keys(project, Kind.TARGET):
        node = project.graph[key.partition(".")[0]]
        prediction = _judged_shape(node, project.known_shapes)
        if prediction is not None:
            supplied[key] = _targets(node, data, prediction)[chosen]
    return supplied


def given_shapes(project: Project) -> dict[str, Shape]:
    """The shapes of what `arguments` gives, by key `node.port`.

    Raises ShapeError where the targets don't fit the network's output.
    """
    known = dict(project.known_given)
    for key in _keys(project, Kind.TARGET):
        node = project.graph[key.partition(".")[0]]
        prediction = _judged_shape(node, project.known_shapes)
        if project.data is not None and prediction is not None:
            target = _targets(node, project.data, prediction)
            known[key] = shape_rules.of(target, batched=True)
    return known


def shapes(project: Project) -> dict[str, Shape]:
    """Every node's output shape.

    Raises GraphError for an open port or a value that nobody gave, and ShapeError where shapes
    clash; `Project.known_shapes` has those that are known nevertheless.
    """
    given = given_shapes(project)
    for node in project.graph.ordered:
        project.graph.check_ports(node)
        for port in node.owned(*TYPED, Kind.FEATURES, Kind.TARGET):
            if f"{node.id}.{port.name}" not in given:
                _lacks(project, node, port.kind)
    return shape_rules.infer(project.graph, given)


def complete(project: Project) -> Project:
    """The project with exactly the arrays that its graph asks for, as far as shapes are known.

    Starting values are drawn, keyed by the seed, for owned weights and statistics that are missing
    or whose shape no longer fits; entries that nobody owns any more are dropped. An array whose
    shape can't be known yet, behind an open port, stays as it is. What already is complete is
    returned as it stands.
    """
    graph, known = project.graph, project.known_shapes
    whole = graph if len(known) == len(graph.nodes) else _part(graph, known)
    drawn = starting(
        whole,
        project.known_given,
        project.training.seed,
        keep={**project.weights, **project.statistics},
    )
    return _replace_if_new(
        project,
        given=_owned(project.given, project.given, graph, *TYPED),
        weights=_owned(project.weights, drawn, graph, Kind.WEIGHT),
        statistics=_owned(project.statistics, drawn, graph, Kind.STATISTIC),
        places={id: place for id, place in project.places.items() if id in graph.nodes},
        groups=_whole_groups(project.groups, graph),
        boxes=whole_boxes(project.boxes, graph.nodes, project.notes),
        training=_training(project),
    )


def parameter_count(project: Project) -> int:
    """How many numbers training changes."""
    return sum(weight.size for weight in project.weights.values())


def loss_node(project: Project) -> str | None:
    """The loss that training follows, or None if the network has none.

    Of a loss that was opened into gates it is the one that gives its value.
    """
    graph = project.graph
    opened = [group for group in project.groups.values() if group.node.op.category == "loss"]
    if opened and not graph.losses:
        return result(project.groups, opened[-1])
    if graph.losses:
        return graph.losses[-1]
    return graph.last_loss


def predicting_node(project: Project) -> str:
    """The node whose output is the network's answer.

    It is the node that feeds the loss's prediction. A loss that takes logits is often accompanied
    by a softmax of the same logits that feeds nothing; then that one is the answer. A network
    without a loss answers with the last node that is not computed from the right answers. Raises
    GraphError for an empty canvas, a loss that nothing feeds, one that judges what is computed from
    the right answers, and a network that does nothing but compute from them.
    """
    graph, loss = project.graph, loss_node(project)
    if loss is None:
        return _foretelling(graph)
    graph.check_ports(graph[loss])
    source = judged(graph[loss])
    for group in project.groups.values():
        if graph[loss].op.category != "loss" and result(project.groups, group) == loss:
            source = _judged_by(project.groups, group, graph)
    if source is None:
        return loss
    beside = [
        id
        for id in graph.sinks
        if graph[id].op.category == "activation" and graph[id].feeding == (source,)
    ]
    if source in _told(graph):
        raise GraphError(
            N_(
                "{label} is computed from the right answers, which are not there to predict from. "
                "Connect {loss} to what is computed from the data."
            ),
            nodes=(source,),
            label=graph[source].label,
            loss=graph[loss].label,
        )
    return beside[-1] if beside else source


def _told(graph: Graph) -> set[str]:
    """The nodes that are computed from the right answers."""
    told = set[str]()
    for node in graph.ordered:
        if node.owned(Kind.TARGET) or told.intersection(node.feeding):
            told.add(node.id)
    return told


def _foretelling(graph: Graph) -> str:
    """The last node on the way to the objective that is not computed from the right answers."""
    end, told = graph.objective, _told(graph)
    on_the_way = {end}
    for node in reversed(tuple(graph.ordered)):
        if node.id in on_the_way:
            on_the_way.update(node.feeding)
    for id in reversed(graph.order):
        if id in on_the_way and id not in told:
            return id
    raise GraphError(
        N_("{label} is computed from the right answers alone; nothing here predicts them."),
        nodes=(end,),
        label=graph[end].label,
    )


def frozen(value: Any, dtype: Any = np.float64) -> Array:
    """A read-only array of the value, which nobody else can change."""
    # A file may hold anything: NaNs that signal, and numbers that are infinite in this type.
    with np.errstate(invalid="ignore", over="ignore"):
        array = np.asarray(value, dtype=dtype)
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def judged(node: Node) -> str | None:
    """What feeds the first input of a loss: the prediction that it compares with its target."""
    for port in node.op.ports:
        if port.kind is Kind.INPUT:
            return next(iter(node.sources.get(port.name, ())), None)
    return None


def result(groups: Mapping[str, Group], group: Group) -> str:
    """The node that gives the value of a group, however deep it lies in groups."""
    while group.output in groups:
        group = groups[group.output]
    return group.output


def _judged_by(groups: Mapping[str, Group], group: Group, graph: Graph) -> str | None:
    """What feeds the prediction of a loss that was opened."""
    first = next(port.name for port in group.node.op.ports if port.kind is Kind.INPUT)
    for member, port in group.inputs.get(first, ()):
        while member in groups:
            inner = groups[member].inputs.get(port, ())
            member, port = inner[0] if inner else ("", "")
        if member in graph.nodes:
            return next(iter(graph[member].sources.get(port, ())), None)
    return None


def _whole_groups(groups: Mapping[str, Group], graph: Graph) -> dict[str, Group]:
    """The groups whose members are all still there, with the ports that they speak of."""
    whole = dict(groups)
    while broken := [id for id in whole if not _is_whole(whole, id, graph)]:
        for id in broken:
            del whole[id]
    return whole


def _is_whole(groups: Mapping[str, Group], id: str, graph: Graph) -> bool:
    group = groups[id]
    ops = {m: graph.nodes[m].op for m in group.members if m in graph.nodes}
    ops |= {m: groups[m].node.op for m in group.members if m in groups}
    kinds = {m: {port.name: port.kind for port in op.ports} for m, op in ops.items()}
    readings = (reading for each in group.inputs.values() for reading in each)
    keys = (key.partition(".") for held in group.held.values() for key in held.keys)
    return (
        len(kinds) == len(group.members)
        and all(port in kinds[member] for member, port in readings)
        and all(kinds[member].get(port) is Kind.WEIGHT for member, _, port in keys)
    )


def _judged_shape(node: Node, known: Mapping[str, Shape]) -> Shape | None:
    """The shape of the prediction that a node's targets must have, as far as it is known."""
    if isinstance(node.op, Answers):
        return Shape((node.op.columns,) if node.op.columns else (), True)
    return known.get(judged(node) or "")


def _targets(node: Node, data: Dataset, prediction: Shape) -> Array:
    """All rows of the answers as this loss compares them with a prediction of that shape."""
    if len(prediction.features) > 1:
        raise ShapeError(
            N_(
                "{label} compares one row of numbers with {data}, but gets an array of shape "
                "({shape}). Flatten it first."
            ),
            nodes=(node.id,),
            label=node.label,
            data=data.name,
            shape=prediction,
        )
    try:
        targets = data.targets(prediction.features[0] if prediction.features else 1)
    except ShapeError as error:
        raise ShapeError(
            "{label}: {reason}", nodes=(node.id,), label=node.label, reason=error
        ) from None
    return targets if prediction.features else targets[:, 0]


def _lacks(project: Project, node: Node, kind: Kind) -> None:
    if kind in TYPED:
        raise GraphError(
            N_("{label} has no value yet. Give it one."), nodes=(node.id,), label=node.label
        )
    if project.data is None:
        raise GraphError(
            N_("{label} has no data set to read. Choose one."), nodes=(node.id,), label=node.label
        )


def _keys(project: Project, *kinds: Kind) -> tuple[str, ...]:
    return project.graph.keys(*kinds)


def _part(graph: Graph, ids: Mapping[str, object]) -> Graph:
    """The part of the graph with these nodes, which must hold all that feeds them."""
    return Graph({id: node for id, node in graph.nodes.items() if id in ids})


def _owned(
    had: Mapping[str, Array], new: Mapping[str, Array], graph: Graph, *kinds: Kind
) -> Mapping[str, Array]:
    """The arrays of the unconnected arguments of these kinds: the new ones, else those it had."""
    kept = {}
    for key in graph.keys(*kinds):
        value = new.get(key, had.get(key))
        if value is not None:
            kept[key] = frozen(value, value.dtype)
    return kept


def _training(project: Project) -> Settings:
    settings = project.training
    nodes = project.graph.nodes
    left = settings.frozen & nodes.keys()
    rates = tuple(each for each in settings.rates if each[0] in nodes)
    same = left == settings.frozen and rates == settings.rates
    return settings if same else replace(settings, frozen=left, rates=rates)


def _replace_if_new(project: Project, **parts: Any) -> Project:
    """The project with these parts; each part, and the project, as it was where nothing differs.

    Differences are found by identity, so what did not change must stay the same object.
    """
    new = {name: _same(getattr(project, name), value) for name, value in parts.items()}
    if all(new[name] is getattr(project, name) for name in new):
        return project
    return replace(project, **new)


def _same(old: Any, new: Any) -> Any:
    """The old mapping, if the new one has the same keys in the same order, and the same objects."""
    if old is new or not isinstance(old, Mapping):
        return new
    same = list(old) == list(new) and all(old[key] is new[key] for key in new)
    return old if same else new


@dataclass(frozen=True, eq=False)
class Trained:
    """How far the weights were trained: the number of steps, and the loss of each.

    `memory` is what the optimizer remembers, so that a training can go on where it stopped. `run`
    is the id of the run that the weights come from, if it is known.
    """

    steps: int = 0
    losses: Array = field(default_factory=lambda: np.zeros(0))
    memory: Memory = field(default_factory=Memory)
    run: str = ""


@dataclass(frozen=True, eq=False)
class Project:
    """A network with its values, its data, its training, and where things stand on the canvas.

    Arrays are read-only and shared between versions. `given` holds typed values, `weights` the
    parameters and `statistics` the lasting state, each by key `node.port`; `places` the centre of
    each node on the canvas, in canvas units. `unknown` and `unknown_arrays` are what a file of a
    newer version held and this one does not know: they are written back unchanged. `groups` are
    the gates that stand opened, by the id of the node that was opened; `boxes` and `notes` are
    what a person drew around nodes and wrote beside them; `runs` the trainings that can be gone
    back to and compared, by id and in their order, and `saves_runs` whether its file holds them.
    """

    graph: Graph = field(default_factory=Graph)
    given: Mapping[str, Array] = field(default_factory=dict)
    weights: Mapping[str, Array] = field(default_factory=dict)
    statistics: Mapping[str, Array] = field(default_factory=dict)
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    data: Dataset | None = None
    training: Settings = field(default_factory=Settings)
    trained: Trained = field(default_factory=Trained)
    title: str = ""
    note: str = ""
    groups: Mapping[str, Group] = field(default_factory=dict)
    boxes: Mapping[str, Box] = field(default_factory=dict)
    notes: Mapping[str, Note] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)
    saves_runs: bool = True
    unknown: Mapping[str, Any] = field(default_factory=dict)
    unknown_arrays: Mapping[str, Array] = field(default_factory=dict)

    @property
    def known_shapes(self) -> Mapping[str, Shape]:
        """The output shapes of those nodes for which they can be known.

        A network that is still being built has open ports and clashes; the nodes behind them are
        not in here, and nothing is raised.
        """
        return self._known[0]

    @property
    def known_given(self) -> Mapping[str, Shape]:
        """The shapes of typed values, features and targets, as far as they can be known."""
        return self._known[1]

    @cached_property
    def _known(self) -> tuple[dict[str, Shape], dict[str, Shape]]:
        graph = self.graph
        found: dict[str, Shape] = {}
        given = {
            key: shape_rules.of(self.given[key], batched=False)
            for key in graph.keys(*TYPED)
            if key in self.given
        }
        if self.data is not None:
            rows = shape_rules.of(self.data.features, batched=True)
            given |= dict.fromkeys(graph.keys(Kind.FEATURES), rows)
        for node in graph.ordered:
            if isinstance(node.op, Missing) or any(id not in found for id in node.feeding):
                continue
            targets = node.owned(Kind.TARGET)
            try:
                if targets and self.data is not None:
                    prediction = _judged_shape(node, found) or Shape(())
                    target = shape_rules.of(_targets(node, self.data, prediction), batched=True)
                    given |= {f"{node.id}.{port.name}": target for port in targets}
                if any(
                    f"{node.id}.{port.name}" not in given
                    for port in node.owned(*TYPED, Kind.FEATURES, Kind.TARGET)
                ):
                    continue
                arguments = shape_rules.argument_shapes(graph, node, found, given)
                found[node.id] = shape_rules.output_shape(graph, node, arguments)
            except StudioError:
                # A clash is no error while one builds: `shapes` reports it when it matters.
                for port in targets:
                    given.pop(f"{node.id}.{port.name}", None)
        return found, given
