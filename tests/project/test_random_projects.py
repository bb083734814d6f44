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
from bpstudio.errors import StudioError
from bpstudio.playback import scene as scenes
from bpstudio.project import boxing, build, clipboard, difference, edits, file, opening, placing
from bpstudio.project.gates import gate
from bpstudio.project.history import History
from bpstudio.project.project import Project
from tests.project.whole import check_drawn, check_whole, same

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
"""Gates of every kind: sources, gates of one and of several inputs, layers, losses."""
FORMULAS = ("x*y", "sigmoid(w*x + b)", "max(a, b, 3) - a", "x/(1 + exp(-x))", "x +")
LEVELS = ("", "neurons", "matrices", "gates")
DATA = (
    None,
    toys.make("xor"),
    toys.make("sine", points=12),
    toys.make("spiral", points=15, arms=3),
)
TITLES = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
NUMBERS = st.floats(-1e6, 1e6)
INDEX = st.integers(0, 60)


class Editing(RuleBasedStateMachine):
    """A person at work: any edit at any time, undo, redo, saving and opening."""

    def __init__(self) -> None:
        super().__init__()
        self.looked_at: Project | None = None
        self.open(Project())

    def open(self, project: Project) -> None:
        self.first = project
        self.history = History.of(project)
        self.versions = [project]
        self.index = 0
        self.copied = ""

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

    def small(self) -> bool:
        return 0 < len(self.project.graph.nodes) < 60

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

    @rule(text=st.sampled_from(FORMULAS))
    def add_formula(self, text: str) -> None:
        self.do(placing.add_formula, text)

    @precondition(small)
    @rule(text=st.sampled_from(FORMULAS), source=INDEX, reader=INDEX, joined=st.integers(1, 3))
    def join_formula(self, text: str, source: int, reader: int, joined: int) -> None:
        node = self.project.graph[self.pick(reader)]
        wires = [(node.id, port, 0) for port in node.sources]
        end = wires[0] if wires and joined & 2 else None
        fed = self.pick(source) if joined & 1 else ""
        self.do(placing.add_formula, text, source=fed, end=end)

    @precondition(filled)
    @rule(index=INDEX, level=st.sampled_from(LEVELS))
    def unfold(self, index: int, level: str) -> None:
        self.do(opening.unfold, self.pick(index), level)

    @precondition(filled)
    @rule(indices=st.lists(INDEX, max_size=2))
    def fold(self, indices: Sequence[int]) -> None:
        self.do(opening.fold, {self.pick(index) for index in indices} | set(self.project.groups))

    @precondition(filled)
    @rule(indices=st.lists(INDEX, min_size=1, max_size=4), last=st.booleans())
    def fuse(self, indices: Sequence[int], last: bool) -> None:
        if last:
            # Gates that stand together are more often those that one gate can do.
            start = indices[0] % len(self.project.graph.nodes)
            indices = range(start, start + len(indices))
        self.do(opening.fuse, {self.pick(index) for index in indices})

    @precondition(filled)
    @rule(indices=st.lists(INDEX, max_size=5), title=TITLES)
    def box(self, indices: Sequence[int], title: str) -> None:
        things = [*self.project.graph.nodes, *self.project.notes, *self.project.boxes]
        self.do(boxing.group, {things[index % len(things)] for index in indices}, title)

    @precondition(lambda self: self.project.boxes)
    @rule(index=INDEX, what=st.integers(0, 7), other=INDEX)
    def change_box(self, index: int, what: int, other: int) -> None:
        names = list(self.project.boxes)
        id, things = names[index % len(names)], [*self.project.graph.nodes, *names]
        thing = things[other % len(things)]
        if what == 0:
            self.do(boxing.dissolve, id)
        elif what == 1:
            self.do(boxing.fold_boxes, [id], not self.project.boxes[id].folded)
        elif what == 2:
            self.do(boxing.name_box, id, "box")
        elif what == 3:
            self.do(boxing.colour_box, id, "teal")
        elif what == 4:
            self.do(boxing.put_into, id, [thing])
        elif what == 5:
            self.do(boxing.take_out, [thing])
        else:
            self.do(boxing.house, [thing], id if what == 6 else "")

    @rule(text=TITLES, x=NUMBERS, index=INDEX)
    def write(self, text: str, x: float, index: int) -> None:
        self.do(boxing.add_note, text, (x, -x))
        names = list(self.project.notes)
        if names:
            self.do(boxing.write_note, names[index % len(names)], text)
            self.do(boxing.move_notes, {names[index % len(names)]: (x, x)})

    @precondition(small)
    @rule(indices=st.lists(INDEX, min_size=1, max_size=6))
    def copy(self, indices: Sequence[int]) -> None:
        self.copied = clipboard.text_of(self.project, {self.pick(index) for index in indices})

    @precondition(small)
    @rule(here=st.booleans())
    def paste(self, here: bool) -> None:
        if self.copied:
            self.do(clipboard.paste, self.copied, (3.0, 4.0) if here else None)

    @precondition(small)
    @rule(indices=st.lists(INDEX, min_size=1, max_size=6))
    def duplicate(self, indices: Sequence[int]) -> None:
        self.do(clipboard.duplicate, {self.pick(index) for index in indices})

    @rule()
    def tidy(self) -> None:
        self.do(scenes.tidied)

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
    def is_whole_and_drawn(self) -> None:
        # An edit that was refused, or that changes nothing, leaves the very same project.
        if self.project is not self.looked_at:
            check_whole(self.project)
            check_drawn(self.project)
            self.looked_at = self.project

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
TestEditing.settings = settings(max_examples=300, stateful_step_count=50)


@pytest.mark.long
def test_editing_for_a_long_time() -> None:
    run_state_machine_as_test(
        Editing, settings=settings(max_examples=20_000, stateful_step_count=50)
    )
