"""A place in memory for every value of a trace, and the calls bound to these places.

Rules that make it fast, each measured: memory order follows the largest operand; a batch lies
feature-major, so that (batch, features) is the transposed view of its buffer; elementwise calls
see their operands in the order of memory; every place has exactly one view object, because two
for one place cost an overlap test in every call; buffers are used again when nobody reads them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.engine import emit, primitives, rewrite
from bpstudio.engine.calls import SAME_PLACES, Call, Form, Value, meetings
from bpstudio.engine.destination import Destination, behind_views
from bpstudio.engine.listing import Code, Thing
from bpstudio.engine.memory import Pool, memory_order
from bpstudio.engine.op import Array
from bpstudio.engine.template import Stored
from bpstudio.engine.trace import Tape
from bpstudio.engine.windows import scatter_add

IN_PLACE = 2048
"""Below so many entries a call of two arrays is faster into a third than into one of them."""


FORESIGHT = 6
"""So many calls back one looks for the order in which a value is going to lie."""


@dataclass(frozen=True)
class Fused:
    """What `rewrite.py` found: layers' slabs (weight over bias) and inputs with a row of ones.

    `slab` gives for each weight the array of weight and bias together; `ones` for each value with
    a row of ones its array of features and ones, if it is a leaf's.
    """

    slabs: Mapping[int, Thing] = field(default_factory=dict)
    ones: frozenset[int] = frozenset()
    with_ones: Mapping[int, Thing] = field(default_factory=dict)


def lay_out(
    tape: Tape,
    calls: Sequence[Call],
    leaves: Mapping[int, Thing],
    destinations: Sequence[Destination],
    slabs: Mapping[int, Thing],
    joined: Mapping[int, Thing],
    code: Code,
) -> None:
    """Add a network's calls to the code, with rows of ones where biases need them.

    `slabs` are the layers' weights over their biases, `joined` the leaves that have a row of ones.
    """
    # What is shortened ends in a view, which has no room for a row of ones.
    calls, ones = rewrite.add_ones(tape, rewrite.shorten(tape, calls), frozenset(joined))
    fused = Fused(slabs, ones - frozenset(joined), joined)
    Layout(tape, calls, leaves, destinations, fused, code, Pool()).run()


class Layout:
    """Gives places to the values of one trace and adds its calls to the code."""

    def __init__(
        self,
        tape: Tape,
        calls: Sequence[Call],
        leaves: Mapping[int, Thing],
        destinations: Sequence[Destination],
        fused: Fused,
        code: Code,
        pool: Pool,
    ) -> None:
        self.tape, self.calls, self.fused, self.code, self.pool = tape, calls, fused, code, pool
        self.places: dict[int, Thing] = dict(leaves)
        self.with_ones: dict[int, Thing] = dict(fused.with_ones)
        self.held: dict[int, list[Array]] = {}
        self.root = _roots(calls, frozenset())
        self.meeting = meetings(calls)
        self.made_at = {call.output: i for i, call in enumerate(calls)}
        self.direct: dict[int, Destination] = {}
        self.copied: list[Destination] = []
        makers = {call.output: call for call in calls}
        for wanted in destinations:
            destination = behind_views(wanted, makers, tape.values)
            made = self.made_at.get(destination.value)
            # A value with a row of ones lies with that row, wherever else it is wanted.
            whole = made is not None and calls[made].form is not Form.VIEW
            whole = whole and destination.value not in fused.ones
            if whole and destination.value not in self.direct:
                self.direct[destination.value] = destination
            else:
                self.copied.append(destination)
        self.apart: set[int] = set()
        self.last = self._lifetimes()
        self.replaced = {d.replaces: d for d in self.direct.values() if d.replaces is not None}
        self.tenant: dict[int, int] = {}
        self.heir = self._heirs()

    def run(self) -> None:
        """Lay out every call, then copy what could not be computed in its place."""
        for at, call in enumerate(self.calls):
            if call.form is Form.VIEW and self._look(call):
                continue
            self._carry_out(at, call)
            self._release(at, call)
        for destination in self.copied:
            emit.copy(self.code, destination.place, self.place(destination.value))

    def place(self, index: int) -> Thing:
        """Where a value lies; a constant gets its place when it is first asked for."""
        if index not in self.places:
            constant = self.tape.values[index].constant
            if constant is None:
                raise AssertionError(f"value {index} is read before it is made")
            if not any(constant.strides):
                base = np.array(constant.flat[0] if constant.size else 0, constant.dtype)
                self.places[index] = Thing(np.broadcast_to(base, constant.shape))
            else:
                self.places[index] = Thing(np.array(constant))
        return self.places[index]

    def _root(self, index: int) -> int:
        return self.root.get(index, index)

    def _lifetimes(self) -> dict[int, int]:
        """For each value that is no view the last call that reads it; of results the very end."""
        last = last_uses(self.calls, self.root)
        for destination in self.copied:
            last[self._root(destination.value)] = len(self.calls)
        return last

    def _stand_apart(self, view: int) -> None:
        """A view that had to be copied lies in memory of its own, and so do the views of it."""
        self.apart.add(view)
        self.root = _roots(self.calls, self.apart)
        self.last = self._lifetimes()

    def _look(self, call: Call) -> bool:
        """Make the view; False where it needs a copy."""
        source = self.place(call.inputs[0])
        rule = primitives.VIEWS[call.function]
        if call.function == "reshape":
            shape = call.parameters[0]
            try:
                np.reshape(source.value, shape, copy=False)
            except ValueError:
                return False
        self.places[call.output] = source.then(lambda array: rule(array, *call.parameters))
        return True

    def _carry_out(self, at: int, call: Call) -> None:
        inputs = [self.place(i) for i in call.inputs]
        value = self.tape.values[call.output]
        match call.form:
            case Form.ELEMENTWISE:
                fixed = [self.tape.values[i].constant is not None for i in call.inputs]
                out = self._find_place(at, call, inputs)
                emit.elementwise(self.code, call.function, inputs, fixed, out)
            case Form.REDUCE:
                out = self._find_place(at, call, inputs)
                emit.reduce(self.code, call.function, inputs[0], call.parameters, out)
            case Form.COPY:
                emit.copy(self.code, self._find_place(at, call, inputs), inputs[0])
            case Form.VIEW:
                self._stand_apart(call.output)
                order = tuple(range(inputs[0].value.ndim))
                space = self._fresh(call.output, inputs[0].value.shape, value.dtype, order)
                emit.copy(self.code, space, inputs[0])
                shape = call.parameters[0]
                self.places[call.output] = space.then(lambda array: array.reshape(shape))
            case Form.PRODUCT:
                out = self._find_place(at, call, inputs)
                emit.product(self.code, inputs[0], inputs[1], out)
            case Form.STACKED:
                self.code.add(np.matmul, inputs, self._find_place(at, call, inputs))
            case Form.AFFINE:
                joined = self.with_ones[call.inputs[0]]
                slab = self.fused.slabs[call.inputs[1]]
                emit.product(self.code, joined, slab, self._find_place(at, call, inputs))
            case Form.AFFINE_GRADIENT:
                joined = self.with_ones[call.inputs[0]].then(np.transpose)
                emit.product(self.code, joined, inputs[1], self._find_place(at, call, inputs))
            case Form.INNER:
                emit.inner(self.code, inputs, self._find_place(at, call, inputs))
            case Form.FUNCTION:
                out = self._find_place(at, call, inputs)
                self.code.call(Stored(call.function, call.parameters[0]), inputs, out)

    def _release(self, at: int, call: Call) -> None:
        """Give back the memory of everything that was read here for the last time."""
        for index in {self._root(i) for i in (*call.inputs, call.output)}:
            if self.last.get(index, -1) <= at:
                for flat in self.held.pop(index, ()):
                    self.pool.give(flat)

    def _find_place(self, at: int, call: Call, inputs: Sequence[Thing]) -> Thing:
        """The place for a call's result: its destination, that of a dying input, or free memory."""
        value = self.tape.values[call.output]
        direct = self.direct.get(call.output)
        if call.output in self.places:
            return self.places[call.output]
        if direct is not None:
            if direct.place.value.dtype == value.dtype and self._vacant(at, call, direct):
                self.places[call.output] = direct.place
                return direct.place
            self.copied.append(direct)
            self.last[call.output] = len(self.calls)
        taken = self._take_over(at, call, value)
        if taken is not None:
            self.places[call.output] = taken
            return taken
        return self._fresh(call.output, value.shape, value.dtype, self._order(call, value, inputs))

    def _heirs(self) -> dict[int, int]:
        """Values that can be made where the value with ones will lie that alone is made of them."""
        heirs: dict[int, int] = {}
        for at, call in enumerate(self.calls):
            read = [i for i in call.inputs if self.tape.values[i].constant is None]
            if call.form is not Form.ELEMENTWISE or call.output not in self.fused.ones:
                continue
            value, made = self.tape.values[call.output], self.made_at.get(read[0]) if read else None
            if (
                len(read) == 1
                and made is not None
                and self.calls[made].form in (Form.AFFINE, Form.PRODUCT, Form.ELEMENTWISE)
                and self.last.get(read[0]) == at
                and read[0] not in self.fused.ones
                and read[0] not in self.direct
                and call.output not in self.direct
                and self.tape.values[read[0]].shape == value.shape
                and self.tape.values[read[0]].dtype == value.dtype
            ):
                heirs[read[0]] = call.output
        return heirs

    def _vacant(self, at: int, call: Call, destination: Destination) -> bool:
        """Whether a destination's memory may be written now."""
        leaf = destination.replaces
        if leaf is None:
            return True
        readers = [leaf, *([self.tenant[leaf]] if leaf in self.tenant else [])]
        for reader in readers:
            last = self.last.get(reader, -1)
            if last > at or (last == at and not self._only_whole(call, reader)):
                return False
        return True

    def _only_whole(self, call: Call, reader: int) -> bool:
        """Whether an elementwise call reads a place only entry by entry, as it writes it."""
        shape = self.tape.values[call.output].shape
        return call.form is Form.ELEMENTWISE and all(
            i == reader and self.tape.values[i].shape == shape
            for i in call.inputs
            if self._root(i) == reader
        )

    def _take_over(self, at: int, call: Call, value: Value) -> Thing | None:
        """The place of an input that is read here for the last time, to write into."""
        settled = value.index in self.fused.ones or value.index in self.heir
        if call.form is not Form.ELEMENTWISE or settled:
            return None
        arrays = [i for i in call.inputs if self.tape.values[i].shape == value.shape]
        small = len(set(arrays)) > 1 and int(np.prod(value.shape)) < IN_PLACE
        for index in arrays:
            root = self._root(index)
            if self.tape.values[index].dtype != value.dtype or self.last.get(root) != at:
                continue
            family = {i for i in call.inputs if self._root(i) == root}
            if family != {index} or index in self.fused.ones:
                continue
            if root in self.held and not small and self._covers(index, root):
                self.held[value.index] = self.held.pop(root)
                return self.places[index]
            heir = self.replaced.get(root)
            if heir is not None and index == root and root not in self.tenant:
                made = self.made_at[heir.value]
                last = self.last.get(value.index, -1)
                if last < made or (last == made and self.calls[made].form is Form.ELEMENTWISE):
                    self.tenant[root] = value.index
                    return self.places[index]
        return None

    def _covers(self, index: int, root: int) -> bool:
        """Whether a view sees its root's memory entry by entry, and may write there.

        What broadcasting gives can't be written to, even where it repeats nothing.
        """
        seen, whole = self.places[index].value, self.places[root].value
        entry_by_entry = seen.nbytes == whole.nbytes and all(s != 0 for s in seen.strides)
        return bool(entry_by_entry and seen.flags.writeable)

    def _fresh(
        self, index: int, shape: tuple[int, ...], dtype: np.dtype[Any], order: tuple[int, ...]
    ) -> Thing:
        """Memory for a value, in this order of axes from slow to fast."""
        laid = tuple(shape[axis] for axis in order)
        back = tuple(int(a) for a in np.argsort(order, kind="stable"))
        if index in self.heir:
            self.places[index] = self._fresh(self.heir[index], shape, dtype, order)
            return self.places[index]
        if index in self.fused.ones:
            joined = np.ones((laid[0] + 1, *laid[1:]), dtype)
            self.with_ones[index] = Thing(joined.transpose(back))
            thing = Thing(joined[:-1].transpose(back))
        else:
            size = math.prod(shape) * dtype.itemsize
            flat = self.pool.take(size)
            self.held.setdefault(self._root(index), []).append(flat)
            thing = Thing(flat[:size].view(dtype).reshape(laid).transpose(back))
        self.places[index] = thing
        return thing

    def _order(self, call: Call, value: Value, inputs: Sequence[Thing]) -> tuple[int, ...]:
        """The order of axes from slow to fast: of the largest operand, else the batch last."""
        rank = len(value.shape)
        default = tuple(range(rank))
        with_ones = value.index in self.fused.ones or value.index in self.heir
        if with_ones or (value.batched and rank):
            default = (*range(1, rank), 0)
        if with_ones:
            return default
        if call.form in (Form.ELEMENTWISE, Form.COPY):
            for thing in inputs:
                if thing.value.shape == value.shape and all(s != 0 for s in thing.value.strides):
                    return memory_order(thing.value)
            if met := self._met(call.output):
                return met
        if call.form is Form.REDUCE:
            axes, keep = call.parameters
            order = [a for a in memory_order(inputs[0].value) if keep or a not in axes]
            rest = sorted(order)
            return tuple(rest.index(a) for a in order)
        if call.function is scatter_add:
            # Else it lays what it gives as its pieces lie.
            return self._met(call.output) or memory_order(inputs[0].value)
        if call.form is Form.PRODUCT and not value.batched:
            return tuple(range(rank))
        return default

    def _met(self, index: int) -> tuple[int, ...] | None:
        """The order of what a value meets entry by entry: in another it costs several times as
        much."""
        shape = self.tape.values[index].shape
        others = (o for o in self.meeting.get(index, ()) if self.tape.values[o].shape == shape)
        return next(filter(None, map(self._foreseen, others)), None)

    def _foreseen(self, index: int, deep: int = 0) -> tuple[int, ...] | None:
        """The order of axes in which a value lies or, as far as one can say, is going to lie."""
        if index in self.places:
            laid = self.places[index].value
            return memory_order(laid) if all(laid.strides) else None
        if index not in self.made_at or deep == FORESIGHT:
            return None
        made, shape = self.calls[self.made_at[index]], self.tape.values[index].shape
        if made.function in SAME_PLACES:
            return self._foreseen(made.inputs[0], deep + 1)
        if made.function == "transpose":
            order = self._foreseen(made.inputs[0], deep + 1)
            return order and tuple(made.parameters[0].index(axis) for axis in order)
        if made.form is Form.ELEMENTWISE:
            for source in made.inputs:
                if self.tape.values[source].shape == shape:
                    return self._foreseen(source, deep + 1)
        return None


def last_uses(calls: Sequence[Call], root: Mapping[int, int]) -> dict[int, int]:
    """For each value that is no view the place of the last call that reads it or a view of it."""
    last: dict[int, int] = {}
    for at, call in enumerate(calls):
        for index in call.inputs:
            last[root.get(index, index)] = at
    return last


def _roots(calls: Sequence[Call], apart: Set[int]) -> dict[int, int]:
    """For each view the value whose memory it sees; those that stand apart see their own."""
    root: dict[int, int] = {}
    for call in calls:
        if call.form is Form.VIEW and call.output not in apart:
            source = call.inputs[0]
            root[call.output] = root.get(source, source)
    return root
