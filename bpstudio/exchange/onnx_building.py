"""A network put together gate by gate from the values of an ONNX model.

ONNX has the channels of pictures before their height and width, this studio behind them. So a
value keeps beside its gate the order in which its axes stand there: what only moves axes costs no
gate, and a convolution between two such moves is one node.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array, Kind, Op, Port, catalog
from bpstudio.engine.ops.missing import missing
from bpstudio.engine.shapes import Shape
from bpstudio.errors import StudioError
from bpstudio.exchange.names import ascii_identifier, remark
from bpstudio.exchange.onnx_reading import MOST_ENTRIES, Model, Operator
from bpstudio.language import N_
from bpstudio.project import gates

Axes = tuple[int, ...]


class NotUnderstood(Exception):
    """An operator in a form that no gate of ours has; says why."""


@dataclass(frozen=True, eq=False)
class Value:
    """What a name in the model stands for.

    `node` gives it, or `constant` are its numbers and no gate stands for them yet; then `learned`
    says whether it is a weight. ONNX's axis i is the axis `order[i]` of what the node gives, and
    entry j of ONNX's last axis its entry `entries[j]`; None is as it stands. `shape` is that of
    the node's output, None where it can't be known.
    """

    node: str = ""
    shape: Shape | None = None
    order: Axes | None = None
    entries: Array | None = None
    constant: Array | None = None
    learned: bool = False

    @property
    def axes(self) -> Axes:
        """The length of each axis as ONNX has them; a batch counts as 1."""
        if self.constant is not None:
            return tuple(self.constant.shape)
        if self.shape is None:
            raise NotUnderstood(N_("the size of what it takes is not known"))
        axes = self.shape.array(1)
        return axes if self.order is None else tuple(axes[place] for place in self.order)

    @property
    def batched(self) -> bool:
        """Whether it has a batch of rows."""
        return self.shape is not None and self.shape.batched


class Builder:
    """The nodes and numbers of a network in the making."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.nodes: dict[str, Node] = {}
        self.shapes: dict[str, Shape | None] = {}
        self.given: dict[str, Array] = {}
        self.weights: dict[str, Array] = {}
        self.statistics: dict[str, Array] = {}
        self.values: dict[str, Value] = {
            name: Value(constant=array, learned=array.dtype.kind == "f")
            for name, array in model.arrays.items()
        }
        self.readers: dict[str, list[Operator]] = {}
        for each in model.operators:
            for name in each.inputs:
                self.readers.setdefault(name, []).append(each)
        self.numbers: dict[str, int] = {}
        self.placed: dict[int, tuple[str, Array]] = {}
        self.title = ""

    def put(
        self,
        op: Op,
        sources: Mapping[str, Sequence[str]],
        *,
        weights: Mapping[str, Array] | None = None,
        statistics: Mapping[str, Array] | None = None,
        stem: str = "",
    ) -> Value:
        """One more gate, fed by these nodes, with these arrays of its own."""
        shape = self._shape(op, sources)
        if shape is not None and math.prod(shape.array(1)) > MOST_ENTRIES:
            raise NotUnderstood(N_("what it gives is too large"))
        id = self._id(stem or op.name)
        wires = {port: tuple(ids) for port, ids in sources.items() if ids}
        self.nodes[id] = Node(id, op, wires, self.title)
        self.shapes[id] = shape
        self.weights |= {f"{id}.{port}": array for port, array in (weights or {}).items()}
        self.statistics |= {f"{id}.{port}": array for port, array in (statistics or {}).items()}
        return Value(id, shape)

    def gate(self, name: str, *inputs: str, **settings: Any) -> Value:
        """A gate of that name with its inputs in order."""
        try:
            op = catalog[name](**settings)
        except StudioError as error:
            raise NotUnderstood(str(error)) from None
        ports = [port.name for port in op.ports if port.kind is not Kind.NOISE]
        if op.ports and op.ports[0].variadic:
            return self.put(op, {ports[0]: inputs})
        return self.put(op, {port: (id,) for port, id in zip(ports, inputs, strict=False)})

    def formula(self, text: str, *inputs: str) -> Value:
        """A gate of a formula whose names are a, b, c … in this order, wired to these nodes."""
        try:
            op = gates.gate("formula", {"text": text})
        except StudioError as error:
            raise NotUnderstood(str(error)) from None
        named = dict(zip("abcde", inputs, strict=False))
        return self.put(op, {port.name: (named[port.name],) for port in op.ports})

    def typed(self, numbers: Array, stem: str = "input") -> Value:
        """A value that a person may type."""
        made = self.put(catalog["input"](), {}, stem=stem)
        self.given[f"{made.node}.value"] = np.asarray(numbers, dtype=np.float64)
        shape = Shape(np.shape(numbers))
        self.shapes[made.node] = shape
        return replace(made, shape=shape)

    def inert(self, operator: Operator) -> Value:
        """A gate that stands for an operator which is not understood: shown, and nothing runs."""
        feeding = []
        for name in operator.inputs:
            value = self.values.get(name)
            if value is not None and (value.constant is None or value.learned):
                feeding.append(self._here(value))
        ports = [Port(f"x{place + 1}", Kind.INPUT, False) for place in range(len(feeding))]
        kept = {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in operator.attributes.items()
            if not isinstance(value, np.ndarray) or value.size <= 16
        }
        gate = f"onnx_{ascii_identifier(operator.kind)[:60].lower()}_{len(ports)}"
        op = missing(gate, _plain(kept), ports)
        wires = {port.name: (id,) for port, id in zip(ports, feeding, strict=True)}
        id = self._id(ascii_identifier(operator.kind)[:40].lower())
        self.nodes[id] = Node(id, op, wires, self.title)
        self.shapes[id] = None
        return Value(id, None)

    def value(self, name: str) -> Value:
        """What a name stands for."""
        found = self.values.get(name)
        if found is None:
            raise NotUnderstood(N_("nothing gives what it takes"))
        return found

    def constant(self, name: str) -> Array:
        """The numbers of a name that stands for fixed ones."""
        found = self.value(name).constant
        if found is None:
            raise NotUnderstood(N_("it takes a size that is only known as it runs"))
        return found

    def fed(self, name: str | Value) -> str:
        """The node that gives a value with its axes in ONNX's order."""
        value = self.value(name) if isinstance(name, str) else name
        return self.plain(value).node or self._here(value)

    def plain(self, value: Value) -> Value:
        """The value with its axes and entries in ONNX's order; some orders need a gate for that."""
        if value.entries is not None:
            raise NotUnderstood(N_("the channels of its pictures would have to change places"))
        order = value.order
        if order is None or order == tuple(range(len(order))) or value.shape is None:
            return replace(value, order=None)
        axes = value.shape.array(1)
        if [place for place in order if axes[place] > 1] == [
            place for place in range(len(axes)) if axes[place] > 1
        ] and (not value.batched or order[0] == 0):
            keep = int(value.batched)
            size = tuple(axes[place] for place in order[keep:])
            return self.gate("reshape", value.node, size=size, keep=keep)
        last = len(order) - 1
        if order == (*range(last - 1), last, last - 1):
            return self.gate("transpose", value.node)
        raise NotUnderstood(N_("its axes would have to change places"))

    def alike(self, names: Sequence[str]) -> tuple[list[str], Axes | None]:
        """The nodes that give these values so that they can be taken entry by entry, and the order
        of axes in which they stand."""
        values = [self.value(name) for name in names]
        orders = {value.order for value in values if value.order is not None}
        order = next(iter(orders)) if len(orders) == 1 else None
        free = [v for v in values if v.constant is None and v.order != order and _rank(v)]
        if order is None or free:
            values = [v if v.constant is not None else self.plain(v) for v in values]
            order = None
        rows = any(value.batched for value in values)
        ranks = [_rank(value) for value in values]
        most = max(ranks, default=0)
        found = []
        for value in values:
            if value.constant is not None:
                value = replace(value, constant=_laid(value.constant, order, most, rows=rows))
                found.append(self._here(value))
            else:
                found.append(value.node)
        return found, order

    def _here(self, value: Value) -> str:
        """The node of a value; fixed numbers become a gate that gives them, anew for each use that
        lays them out in another way."""
        if value.constant is None:
            return value.node
        numbers = np.asarray(value.constant, dtype=np.float64)
        if numbers.shape == () and np.isfinite(numbers):
            return self.gate("constant", value=float(numbers)).node
        placed, _ = self.placed.get(id(value.constant), ("", numbers))
        if placed in self.nodes:
            return placed
        if value.learned:
            size = tuple(map(int, numbers.shape))
            made = self.put(gates.gate("parameter", {"size": size}), {}, weights={"value": numbers})
            self.shapes[made.node] = Shape(size)
        else:
            made = self.typed(numbers, "constant")
        # The array stays in the entry, so that no other one can get its identity.
        self.placed[id(value.constant)] = made.node, value.constant
        return made.node

    def _shape(self, op: Op, sources: Mapping[str, Sequence[str]]) -> Shape | None:
        known: dict[str, Shape] = {}
        for port in op.ports:
            for place, id in enumerate(sources.get(port.name, ())):
                shape = self.shapes[id]
                if shape is None:
                    return None
                known[f"{port.name}{place}" if port.variadic else port.name] = shape
        if op.category == "source":
            return Shape(())
        try:
            taken = {p.name for p in op.ports if p.kind in (Kind.WEIGHT, Kind.STATISTIC)}
            inputs = {name: shape for name, shape in known.items() if name not in taken}
            own = {k: Shape(v) for k, v in op.weight_shapes(**inputs).items() if k in taken}
            return op.shape(**{**own, **known})
        except StudioError as error:
            raise NotUnderstood(str(error)) from None

    def _id(self, stem: str) -> str:
        number = self.numbers.get(stem, 0) + 1
        while f"{stem}{number}" in self.nodes:
            number += 1
        self.numbers[stem] = number
        return f"{stem}{number}"

    def undo_to(self, ids: set[str]) -> None:
        """Take the nodes away that are not among these, with their numbers."""
        for id in [id for id in self.nodes if id not in ids]:
            del self.nodes[id], self.shapes[id]
            for arrays in (self.given, self.weights, self.statistics):
                for key in [key for key in arrays if key.partition(".")[0] == id]:
                    del arrays[key]

    def named(self, operator: Operator) -> None:
        """From here on gates bear the name of this operator."""
        self.title = remark(operator.name, 60)


def _rank(value: Value) -> int:
    return 0 if value.constant is None and value.shape is None else len(value.axes)


def _laid(numbers: Array, order: Axes | None, most: int, *, rows: bool) -> Array:
    """Fixed numbers as they stand beside values of `most` axes in this order: without the axis of
    the batch, over which they are the same."""
    if numbers.size == 1 and numbers.ndim <= most:
        return numbers.reshape(())
    if order is not None and numbers.ndim:
        numbers = numbers.reshape((1,) * (len(order) - numbers.ndim) + numbers.shape)
        numbers = np.transpose(numbers, np.argsort(order))
    if rows and numbers.ndim == most:
        if numbers.shape[0] != 1:
            raise NotUnderstood(N_("it has numbers for each row of a batch"))
        numbers = numbers[0]
    return numbers


def _plain(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as JSON has them; what it has no numbers for is left out."""
    return {
        remark(key, 60): list(value) if isinstance(value, tuple) else value
        for key, value in kept.items()
        if not _odd(value)
    }


def _odd(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_odd(each) for each in value)
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and abs(value) > 2**53
