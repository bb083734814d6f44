"""Random edits in any order: a project stays whole, undo is exact, and a file gives it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Kind
from bpstudio.engine.shapes import argument_shapes
from bpstudio.errors import StudioError
from bpstudio.project import build, difference, edits, file
from bpstudio.project.gates import gate
from bpstudio.project.history import History
from bpstudio.project.project import TYPED, Project

GATES = (
    "input",
    "constant",
    "parameter",
    "data",
    "add",
    "multiply",
    "max",
    "scale",
    "sigmoid",
    "relu",
    "softmax",
    "matmul",
    "sum",
    "dense",
    "squared_error",
    "binary_cross_entropy",
    "cross_entropy",
)
DATA = (
    None,
    toys.make("xor"),
    toys.make("sine", points=12),
    toys.make("spiral", points=15, arms=3),
)
TITLES = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
NUMBERS = st.floats(-1e6, 1e6)
INDEX = st.integers(0, 60)


def same(one: Project, two: Project) -> bool:
    """Whether two projects are equal in every part, arrays to the last bit."""
    parts = ("given", "weights", "statistics", "unknown_arrays")
    return (
        list(one.graph.nodes.items()) == list(two.graph.nodes.items())
        and all(_same_arrays(getattr(one, part), getattr(two, part)) for part in parts)
        and one.places == two.places
        and _same_data(one.data, two.data)
        and (one.training, one.title, one.note) == (two.training, two.title, two.note)
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
    for id in project.known_shapes:
        node = graph.nodes[id]
        needed = argument_shapes(graph, node, project.known_shapes, project.known_given)
        for port in node.owned(Kind.WEIGHT):
            assert project.weights[f"{id}.{port.name}"].shape == needed[port.name].features


class Editing(RuleBasedStateMachine):
    """A person at work: any edit at any time, undo, redo, saving and opening."""

    def __init__(self) -> None:
        super().__init__()
        self.open(Project())

    def open(self, project: Project) -> None:
        self.first = project
        self.history = History.of(project)
        self.versions = [project]
        self.index = 0

    @property
    def project(self) -> Project:
        return self.history.project

    def pick(self, index: int) -> str:
        ids = list(self.project.graph.nodes)
        return ids[index % len(ids)]

    def do(self, edit: Callable[..., Project], *arguments: Any, **named: Any) -> None:
        before = self.project
        try:
            after = edit(before, *arguments, **named)
        except StudioError as error:
            assert str(error)
            return
        changed = difference.between(before, after)
        assert (after is before) <= (not changed)
        self.history = self.history.push(edit.__name__, after)
        if after is not before:
            self.versions = [*self.versions[: self.index + 1], after]
            self.index += 1

    def filled(self) -> bool:
        return bool(self.project.graph.nodes)

    @initialize(data=st.sampled_from(DATA), hidden=st.integers(0, 2))
    def begin(self, data: Dataset | None, hidden: int) -> None:
        if data is not None:
            outputs = len(data.classes) if len(data.classes) > 2 else 1
            self.open(build.network(data, (data.features.shape[1], *[3] * hidden, outputs)))

    @rule(name=st.sampled_from(GATES), x=NUMBERS, y=NUMBERS)
    def add(self, name: str, x: float, y: float) -> None:
        self.do(edits.add_node, gate(name), (x, y))

    @precondition(filled)
    @rule(source=INDEX, reader=INDEX, port=INDEX)
    def connect(self, source: int, reader: int, port: int) -> None:
        node = self.project.graph[self.pick(reader)]
        if node.op.ports:
            name = node.op.ports[port % len(node.op.ports)].name
            self.do(edits.connect, self.pick(source), node.id, name)

    @precondition(filled)
    @rule(reader=INDEX, port=INDEX)
    def disconnect(self, reader: int, port: int) -> None:
        node = self.project.graph[self.pick(reader)]
        if node.sources:
            self.do(edits.disconnect, node.id, list(node.sources)[port % len(node.sources)])

    @precondition(filled)
    @rule(reader=INDEX, name=st.sampled_from(GATES))
    def insert(self, reader: int, name: str) -> None:
        node = self.project.graph[self.pick(reader)]
        for port in node.sources:
            self.do(edits.insert_node, gate(name), (0.0, 0.0), node.id, port)

    @precondition(filled)
    @rule(indices=st.lists(INDEX, max_size=3))
    def remove(self, indices: Sequence[int]) -> None:
        self.do(edits.remove_nodes, {self.pick(index) for index in indices})

    @precondition(filled)
    @rule(index=INDEX)
    def heal(self, index: int) -> None:
        self.do(edits.heal, self.pick(index))

    @precondition(filled)
    @rule(index=INDEX, name=st.sampled_from(GATES))
    def exchange(self, index: int, name: str) -> None:
        self.do(edits.replace_op, self.pick(index), gate(name))

    @precondition(filled)
    @rule(index=INDEX, units=st.integers(-1, 4))
    def set_setting(self, index: int, units: int) -> None:
        settings_of = self.project.graph[self.pick(index)].op.settings
        for name in settings_of:
            self.do(edits.set_setting, self.pick(index), name, units)

    @precondition(filled)
    @rule(index=INDEX, title=TITLES, x=NUMBERS)
    def name_and_move(self, index: int, title: str, x: float) -> None:
        self.do(edits.rename, self.pick(index), title)
        self.do(edits.move, {self.pick(index): (x, -x)})

    @precondition(filled)
    @rule(index=INDEX, value=NUMBERS, size=st.integers(0, 3))
    def set_value(self, index: int, value: float, size: int) -> None:
        keys = (*self.project.given, *self.project.weights)
        if keys:
            key = keys[index % len(keys)]
            self.do(edits.set_value, key, np.full(size, value) if size else value)
            self.do(edits.set_entry, key, (0,), value)

    @rule(data=st.sampled_from(DATA), note=TITLES)
    def set_data_and_note(self, data: Dataset | None, note: str) -> None:
        self.do(edits.set_data, data)
        self.do(edits.set_note, note)
        self.do(edits.set_title, note)

    @rule(seed=st.integers(0, 5), freeze=INDEX)
    def draw_again(self, seed: int, freeze: int) -> None:
        if self.project.graph.nodes:
            frozen = frozenset({self.pick(freeze)})
            self.do(edits.set_training, replace(self.project.training, frozen=frozen))
        self.do(edits.new_weights, seed)

    @rule(steps=st.integers(0, 3))
    def train(self, steps: int) -> None:
        trained = {key: weight + 1.0 for key, weight in self.project.weights.items()}
        losses = np.full(steps, np.nan)
        self.do(edits.land_training, trained, self.project.statistics, losses, steps)
        self.do(edits.reset)

    @rule(count=st.integers(1, 4))
    def undo(self, count: int) -> None:
        for _ in range(count):
            self.history = self.history.undo()
            self.index = max(self.index - 1, 0)

    @rule(count=st.integers(1, 4))
    def redo(self, count: int) -> None:
        for _ in range(count):
            self.history = self.history.redo()
            self.index = min(self.index + 1, len(self.versions) - 1)

    @rule()
    def save_and_open(self) -> None:
        content = file.to_bytes(self.project)
        opened = file.from_bytes(content)
        assert same(opened, self.project)
        assert file.to_bytes(opened) == content

    @invariant()
    def is_whole(self) -> None:
        check_whole(self.project)

    @invariant()
    def is_the_version_it_should_be(self) -> None:
        assert self.project is self.versions[self.index]

    def teardown(self) -> None:
        last = self.history
        undone = last
        for _ in last.past:
            undone = undone.undo()
        assert undone.project is self.first
        for _ in last.past:
            undone = undone.redo()
        assert undone.project is last.project


TestEditing: Any = Editing.TestCase
TestEditing.settings = settings(max_examples=100, stateful_step_count=40)


@pytest.mark.long
def test_editing_for_a_long_time() -> None:
    run_state_machine_as_test(
        Editing, settings=settings(max_examples=5_000, stateful_step_count=50)
    )
