"""A wide network of single numbers in groups: all gates that do the same side by side at once.

Each number has a place in one long vector. The calls are sorted by level, which is how many calls
lie before them; those of one level and one function are one call of NumPy, whose operands are
gathered first. Against Python on single numbers (`plain.py`) that pays where groups are large.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from bpstudio.engine import plain
from bpstudio.engine.calls import Call, Form
from bpstudio.engine.destination import Destination
from bpstudio.engine.listing import Code, Thing
from bpstudio.engine.op import Array
from bpstudio.engine.trace import Tape

WORTH = 28
"""From so many calls in a group on, on average, groups are as fast as Python on numbers."""

Part = tuple[np.dtype[Any], int, int]
"""From where to where in what is gathered of a type."""


def pays(tape: Tape, calls: Sequence[Call]) -> bool:
    """Whether the groups are large enough; for calls on single numbers, as `plain.applies` says."""
    groups = _groups(tape, calls, _sources(calls))
    return sum(len(group.calls) for group in groups) >= WORTH * max(1, len(groups))


def emit(
    code: Code,
    tape: Tape,
    calls: Sequence[Call],
    leaves: Mapping[int, Thing],
    destinations: Sequence[Destination],
    vectors: Sequence[Array],
) -> None:
    """Add the lines: the leaves read, each level gathered and computed, every result written.

    What lies side by side in one of the `vectors` is read, or written, in one call.
    """
    sources = _sources(calls)
    groups = _groups(tape, calls, sources)
    goals = [(sources.get(d.value, d.value), d.place) for d in destinations]
    places = _Places(tape)
    read = {sources.get(i, i) for group in groups for call in group.calls for i in call.inputs}
    read |= {value for value, _ in goals}
    runs = list(plain.runs(((i, leaves[i]) for i in sorted(read & leaves.keys())), vectors))
    for run, _ in runs:
        for value, _ in run:
            places.add(value)
    for value in sorted(read):
        if tape.values[value].constant is not None:
            places.add(value)
    for group in groups:
        # In the order of what they read, so that it may lie side by side already.
        group.calls.sort(key=lambda call: [places.of[sources.get(i, i)] for i in call.inputs])
        for call in group.calls:
            places.add(call.output)
    places.make_rooms()
    for run, vector in runs:
        _read(code, places, run, vector)
    _compute(code, places, sources, groups)
    for run, vector in plain.runs(goals, vectors):
        _write(code, places, run, vector)


@dataclass
class _Places:
    """Where each value lies: a vector for each type of number, and the place in it."""

    tape: Tape
    of: dict[int, int] = field(default_factory=dict)
    kept: dict[np.dtype[Any], list[int]] = field(default_factory=dict)
    rooms: dict[np.dtype[Any], Array] = field(default_factory=dict)

    def add(self, value: int) -> None:
        """The next place of its room."""
        there = self.kept.setdefault(self.tape.values[value].dtype, [])
        self.of[value] = len(there)
        there.append(value)

    def make_rooms(self) -> None:
        """The vectors, with the constants in them."""
        for dtype, values in self.kept.items():
            room = self.rooms[dtype] = np.zeros(len(values), dtype)
            for place, value in enumerate(values):
                constant = self.tape.values[value].constant
                if constant is not None:
                    room[place] = constant.flat[0]

    def room(self, value: int) -> Array:
        """The vector in which the value lies."""
        return self.rooms[self.tape.values[value].dtype]

    def one(self, value: int) -> Array:
        """The value itself, an array without axes."""
        place = self.of[value]
        return self.room(value)[place : place + 1].reshape(())

    def side_by_side(self, values: Sequence[int]) -> Array | None:
        """The part of the room that holds just these values in order, if there is one."""
        start = self.of[values[0]]
        if all(self.of[value] == start + at for at, value in enumerate(values)):
            return self.room(values[0])[start : start + len(values)]
        return None


def _read(code: Code, places: _Places, run: Sequence[plain.Item], vector: Array | None) -> None:
    first, thing = run[0]
    if vector is None:
        one = places.one(first)
        code.copyto(Thing(one), thing.then(lambda array: array.reshape(())))
    else:
        there = places.of[first]
        code.copyto(Thing(places.room(first)[there : there + len(run)]), Thing(vector))


def _write(code: Code, places: _Places, run: Sequence[plain.Item], vector: Array | None) -> None:
    value, thing = run[0]
    if vector is None:
        code.copyto(thing, Thing(places.one(value)))
    else:
        _gather(code, places, [value for value, _ in run], vector)


def _compute(
    code: Code, places: _Places, sources: Mapping[int, int], groups: Sequence[_Group]
) -> None:
    """One gathering for each level and type, and one call for each group."""
    for _, level in groupby(groups, lambda group: group.level):
        apart: dict[np.dtype[Any], list[int]] = {}
        found: list[tuple[_Group, list[Array | Part]]] = []
        for group in level:
            ports = zip(*(call.inputs for call in group.calls), strict=True)
            words = [_operand(places, [sources.get(i, i) for i in port], apart) for port in ports]
            found.append((group, words))
        gathered = {dtype: np.zeros(len(values), dtype) for dtype, values in apart.items()}
        for dtype, values in apart.items():
            _gather(code, places, values, gathered[dtype])
        for group, words in found:
            out = places.side_by_side([call.output for call in group.calls])
            assert out is not None  # they were placed one after the other
            arrays = [
                Thing(w if isinstance(w, np.ndarray) else gathered[w[0]][w[1] : w[2]])
                for w in words
            ]
            _call(code, group.function, arrays, Thing(out))


def _operand(
    places: _Places, values: Sequence[int], apart: dict[np.dtype[Any], list[int]]
) -> Array | Part:
    """Where an operand of a group lies already, or its part of what is gathered."""
    if len(set(values)) == 1:
        return places.one(values[0])
    there = places.side_by_side(values)
    if there is not None:
        return there
    dtype = places.room(values[0]).dtype
    wanted = apart.setdefault(dtype, [])
    start = len(wanted)
    wanted.extend(values)
    return dtype, start, len(wanted)


def _gather(code: Code, places: _Places, values: Sequence[int], out: Array) -> None:
    """The values in order, in one call; the places are all inside, which need not be checked."""
    room = places.room(values[0])
    take = code.name(Thing(room.take), "take", ("take", room.dtype.str))
    which = code.name(Thing(np.array([places.of[value] for value in values], np.intp)), "i")
    unchecked = code.name(Thing("clip"), "mode", ("mode", "clip"))
    code.lines.append(f"{take}({which}, None, {code.name(Thing(out))}, {unchecked})")


def _call(code: Code, function: Any, arrays: Sequence[Thing], out: Thing) -> None:
    if function is np.copyto:
        code.copyto(out, arrays[0])
    elif function is np.where:
        chosen, one, other = arrays
        code.copyto(out, other)
        code.copyto(out, one, where=chosen)
    else:
        code.add(function, arrays, out)


@dataclass(frozen=True)
class _Group:
    """Calls of one function on numbers of the same types, none of which needs another."""

    level: int
    function: Any
    calls: list[Call]


def _groups(tape: Tape, calls: Iterable[Call], sources: Mapping[int, int]) -> list[_Group]:
    """The groups, one level after the other."""
    level: dict[int, int] = {}
    groups: dict[Any, _Group] = {}
    for call in calls:
        if call.form is Form.VIEW:
            continue
        inputs = [sources.get(i, i) for i in call.inputs]
        own = level[call.output] = 1 + max((level.get(i, 0) for i in inputs), default=0)
        types = tuple(tape.values[i].dtype for i in (*inputs, call.output))
        group = groups.setdefault((own, call.function, types), _Group(own, call.function, []))
        group.calls.append(call)
    return sorted(groups.values(), key=lambda group: group.level)


def _sources(calls: Iterable[Call]) -> dict[int, int]:
    """For what is only another look at a number: that number."""
    sources: dict[int, int] = {}
    for call in calls:
        if call.form is Form.VIEW:
            sources[call.output] = sources.get(call.inputs[0], call.inputs[0])
    return sources
