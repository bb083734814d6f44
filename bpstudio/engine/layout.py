"""A place in memory for every value of a trace, and the calls bound to these places.

Rules that make it fast, each measured: memory order follows the largest operand; a batch lies
feature-major, so that (batch, features) is the transposed view of its buffer; elementwise calls
see their operands in the order of memory; every place has exactly one view object, because two
for one place cost an overlap test in every call; buffers are used again when nobody reads them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpstudio.engine import primitives, rewrite
from bpstudio.engine.calls import Call, Form, Value
from bpstudio.engine.listing import Code, Thing
from bpstudio.engine.memory import Pool
from bpstudio.engine.op import Array
from bpstudio.engine.template import TWO, Stored, several, sum_of_products
from bpstudio.engine.trace import Tape

IN_PLACE = 2048
"""Below so many entries a call of two arrays is faster into a third than into one of them."""

ROWS_APART = 4096
"""Up to so many entries, a few rows that share an operand are faster one by one."""


@dataclass(frozen=True)
class Destination:
    """Where a value must lie at the end; `replaces` is the leaf that lay there before."""

    value: int
    place: Thing
    replaces: int | None = None


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
    calls, ones = rewrite.add_ones(tape, calls, frozenset(joined))
    calls = rewrite.shorten(tape, calls)
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
        self.root = _roots(calls)
        self.made_at = {call.output: i for i, call in enumerate(calls)}
        self.direct: dict[int, Destination] = {}
        self.copied: list[Destination] = []
        for destination in destinations:
            made = self.made_at.get(destination.value)
            whole = made is not None and calls[made].form is not Form.VIEW
            if whole and destination.value not in self.direct:
                self.direct[destination.value] = destination
            else:
                self.copied.append(destination)
        self.last = last_uses(calls, self.root)
        for destination in self.copied:
            self.last[self._root(destination.value)] = len(calls)
        self.replaced = {d.replaces: d for d in self.direct.values() if d.replaces is not None}
        self.tenant: dict[int, int] = {}
        self.ones: dict[int, Thing] = {}
        self.heir = self._heirs()

    def run(self) -> None:
        """Lay out every call, then copy what could not be computed in its place."""
        for at, call in enumerate(self.calls):
            if call.form is Form.VIEW and self._look(call):
                continue
            self._carry_out(at, call)
            self._release(at, call)
        for destination in self.copied:
            self._copy(destination.place, self.place(destination.value))

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
                self._elementwise(call, inputs, self._find_place(at, call, inputs))
            case Form.REDUCE:
                self._reduce(call, inputs[0], self._find_place(at, call, inputs))
            case Form.COPY:
                self._copy(self._find_place(at, call, inputs), inputs[0])
            case Form.VIEW:
                order = tuple(range(inputs[0].value.ndim))
                space = self._fresh(call.output, inputs[0].value.shape, value.dtype, order)
                self._copy(space, inputs[0])
                shape = call.parameters[0]
                self.places[call.output] = space.then(lambda array: array.reshape(shape))
            case Form.PRODUCT:
                self._product(at, call, inputs[0], inputs[1])
            case Form.AFFINE:
                joined = self.with_ones[call.inputs[0]]
                slab = self.fused.slabs[call.inputs[1]]
                self._product(at, call, joined, slab)
            case Form.AFFINE_GRADIENT:
                joined = self.with_ones[call.inputs[0]].then(np.transpose)
                self._product(at, call, joined, inputs[1])
            case Form.INNER:
                self._inner(call, inputs, self._find_place(at, call, inputs))
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
        """Whether a view sees its root's memory entry by entry."""
        seen, whole = self.places[index].value, self.places[root].value
        return bool(seen.nbytes == whole.nbytes and all(s != 0 for s in seen.strides))

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
        if call.form is Form.REDUCE:
            axes, keep = call.parameters
            order = [a for a in memory_order(inputs[0].value) if keep or a not in axes]
            rest = sorted(order)
            return tuple(rest.index(a) for a in order)
        if call.form is Form.PRODUCT and not value.batched:
            return tuple(range(rank))
        return default

    def _elementwise(self, call: Call, inputs: Sequence[Thing], out: Thing) -> None:
        function: np.ufunc = call.function
        order = memory_order(out.value)
        target = out.then(lambda array: array.transpose(order))
        shape = target.value.shape
        operands = [
            thing if not thing.value.ndim else thing.then(_aligned(len(shape), order))
            for thing in inputs
        ]
        if function in (np.maximum, np.minimum) and 1 < target.value.size <= 1 << 17:
            operands = [
                Thing(np.full(shape, thing.value))
                if not thing.value.ndim
                and thing.find is None
                and i not in self.made_at
                and self.tape.values[i].constant is not None
                else thing
                for i, thing in zip(call.inputs, operands, strict=True)
            ]
        if (
            len(shape) == 2
            and 1 < shape[0] <= 3
            and 1 < target.value.size <= ROWS_APART
            and any(o.value.ndim and o.value.shape[0] == 1 for o in operands)
        ):
            for row in range(shape[0]):
                parts = [_row(o, row) if o.value.ndim else o for o in operands]
                self.code.add(function, parts, _row(target, row))
            return
        self.code.add(function, operands, target)

    def _reduce(self, call: Call, x: Thing, out: Thing) -> None:
        axes, keep = call.parameters
        order = memory_order(x.value)
        operand = x.then(lambda array: array.transpose(order))
        over = tuple(place for place, axis in enumerate(order) if axis in axes)
        rest = [axis for axis in order if keep or axis not in axes]
        ranks = tuple(sorted(rest).index(axis) for axis in rest)
        target = out.then(lambda array: array.transpose(ranks))
        self.code.reduce(call.function, operand, over, target, keep)

    def _copy(self, out: Thing, source: Thing) -> None:
        order = memory_order(out.value)
        target = out.then(lambda array: array.transpose(order))
        if source.value.ndim:
            source = source.then(_aligned(len(order), order))
        self.code.copyto(target, source)

    def _product(self, at: int, call: Call, a: Thing, b: Thing) -> None:
        """`a @ b`; the operand that depends on the batch goes last, so that rows are features."""
        out = self._find_place(at, call, [a, b])
        if out.value.flags.c_contiguous:
            self.code.product(a, b, out)
        elif out.value.flags.f_contiguous:
            self.code.product(b.then(np.transpose), a.then(np.transpose), out.then(np.transpose))
        else:
            stored = Stored(np.matmul, TWO)
            self.code.call(stored, [a, b], out)

    def _ones(self, size: int) -> Thing:
        """A vector of ones, the same for all sums of that size."""
        if size not in self.ones:
            self.ones[size] = Thing(np.ones(size, self.tape.dtype))
        return self.ones[size]

    def _inner(self, call: Call, inputs: Sequence[Thing], out: Thing) -> None:
        order = memory_order(inputs[0].value)
        flat = []
        for thing in inputs:
            turned = thing.value.transpose(order)
            if not turned.flags.c_contiguous:
                stored = Stored(sum_of_products, several(inputs))
                self.code.call(stored, inputs, out)
                return
            flat.append(thing.then(lambda array: array.transpose(order).reshape(-1)))
        if len(flat) == 1:
            size = flat[0].value.size
            if size > ROWS_APART:
                self.code.reduce(np.add, flat[0], (0,), out, False)
                return
            flat.append(self._ones(size))
        self.code.product(flat[0], flat[1], out)


def memory_order(array: Array) -> tuple[int, ...]:
    """The axes from the slowest to the fastest in memory."""
    strides = [abs(s) for s in array.strides]
    return tuple(sorted(range(array.ndim), key=lambda axis: -strides[axis]))


def last_uses(calls: Sequence[Call], root: Mapping[int, int]) -> dict[int, int]:
    """For each value that is no view the place of the last call that reads it or a view of it."""
    last: dict[int, int] = {}
    for at, call in enumerate(calls):
        for index in call.inputs:
            last[root.get(index, index)] = at
    return last


def _roots(calls: Sequence[Call]) -> dict[int, int]:
    root: dict[int, int] = {}
    for call in calls:
        if call.form is Form.VIEW:
            source = call.inputs[0]
            root[call.output] = root.get(source, source)
    return root


def _aligned(rank: int, order: tuple[int, ...]) -> Callable[[Array], Array]:
    """An operand with as many axes as the result, in the result's order of memory."""

    def look(array: Array) -> Array:
        padded = array.reshape((1,) * (rank - array.ndim) + array.shape)
        return padded.transpose(order)

    return look


def _row(thing: Thing, row: int) -> Thing:
    return thing.then(lambda array: array[row if array.shape[0] > 1 else 0])
