"""A network's forward and backward pass noted on a tape: the same rules as `run.py`, no values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from bpstudio.engine import run, shapes
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Kind
from bpstudio.engine.shapes import Shape
from bpstudio.engine.trace import Tape, Traced
from bpstudio.errors import GateError
from bpstudio.language import N_


@dataclass
class Noted:
    """What a network left on its tape.

    `leaves` are the arrays supplied from outside, by key `node.port`; `kinds` says of each which
    kind of argument it is; `outputs` and their `shapes` are by node, `arguments` by node and port,
    `gradients` and `statistics` (their new values) by key.
    """

    tape: Tape
    leaves: dict[str, Traced] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    outputs: dict[str, Traced] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    arguments: dict[str, dict[str, Any]] = field(default_factory=dict)
    gradients: dict[str, Traced] = field(default_factory=dict)
    statistics: dict[str, Traced] = field(default_factory=dict)

    def apart(self) -> Noted:
        """The same on a tape of its own, so that what is noted next stays off this one."""
        tape = self.tape.apart()

        def there(of: Any) -> Any:
            if isinstance(of, tuple):
                return tuple(there(part) for part in of)
            if isinstance(of, dict):
                return {key: there(part) for key, part in of.items()}
            return tape.at(of.index)

        return replace(
            self,
            tape=tape,
            leaves=there(self.leaves),
            outputs=there(self.outputs),
            arguments=there(self.arguments),
            gradients=there(self.gradients),
            statistics=there(self.statistics),
        )


@dataclass(frozen=True)
class Asked:
    """Both passes of which network are wanted, and for arrays of which shapes and type.

    `graph` stands for its structure: titles make no difference.
    """

    structure: tuple[object, ...]
    shapes: frozenset[tuple[str, Shape]]
    rows: int
    objective: str
    dtype: np.dtype[Any]
    graph: Graph = field(compare=False)


def note_training(
    dtype: np.dtype[Any], graph: Graph, known: Mapping[str, Shape], rows: int, objective: str
) -> Noted:
    """Forward and backward from the objective; found again when the same structure returns."""
    asked = Asked(graph.structure, frozenset(known.items()), rows, objective, dtype, graph)
    return _note_training(asked).apart()


@lru_cache(maxsize=16)
def _note_training(asked: Asked) -> Noted:
    tape, goal = Tape(asked.dtype), asked.objective
    noted = note_forward(tape, asked.graph, dict(asked.shapes), asked.rows, goal, training=True)
    note_backward(noted, asked.graph, goal)
    return noted


def note_forward(
    tape: Tape,
    graph: Graph,
    given_shapes: Mapping[str, Shape],
    rows: int,
    of: str,
    *,
    training: bool,
) -> Noted:
    """Everything that the output of node `of` needs, for a batch of that many rows.

    `given_shapes` has the shapes of typed values, features and targets, and may have those of
    weights. Outside training gates `infer`, and noise disturbs nothing.
    """
    noted = Noted(tape)
    wanted, found = run.ancestors(graph, of), noted.shapes
    for node in graph.ordered:
        if node.id not in wanted:
            continue
        graph.check_ports(node)
        known = shapes.argument_shapes(graph, node, found, given_shapes)
        found[node.id] = shapes.output_shape(graph, node, known)
        tape.node = node
        arguments = _arguments(noted, node, known, rows, training)
        noted.arguments[node.id] = arguments
        values = spread(arguments)
        rule = node.op.forward if training else node.op.infer
        output = twice(tape, lambda rule=rule, values=values: {"": rule(*values)}, values)[""]  # type: ignore[misc]
        noted.outputs[node.id] = output
        if training and node.owned(Kind.STATISTIC):
            updated = twice(tape, lambda node=node, values=values: node.op.update(*values))  # type: ignore[misc]
            noted.statistics |= {f"{node.id}.{name}": new for name, new in updated.items()}
    tape.node = None
    return noted


def note_backward(noted: Noted, graph: Graph, objective: str) -> None:
    """The gradient of the sum of the objective's entries for every leaf that it depends on."""
    tape = noted.tape
    start = noted.outputs[objective]
    arrived: dict[str, Traced] = {objective: tape.constant(np.ones(start.shape))}
    for id in reversed([id for id in graph.order if id in noted.outputs]):
        if id not in arrived:
            continue
        node = tape.node = graph[id]
        arguments = noted.arguments[id]
        output = noted.outputs[id]
        upstream = tape.view("broadcast", arrived[id], output.shape)
        values = spread(arguments)
        ruled = twice(
            tape,
            lambda node=node, upstream=upstream, output=output, values=values: node.op.backward(  # type: ignore[misc]
                upstream, output, *values
            ),
            values,
        )
        for port in node.op.ports:
            if port.name not in ruled:
                continue
            argument = arguments[port.name]
            several = argument if port.variadic else (argument,)
            gradients = ruled[port.name] if port.variadic else (ruled[port.name],)
            fitted = [
                tape.lift(run.fit(g, v.shape)) for g, v in zip(gradients, several, strict=True)
            ]
            sources = node.sources.get(port.name, ())
            if not sources and not port.variadic:
                noted.gradients[f"{id}.{port.name}"] = fitted[0]
            for source, gradient in zip(sources, fitted, strict=False):
                arrived[source] = (
                    tape.elementwise(np.add, arrived[source], gradient)
                    if source in arrived
                    else gradient
                )
    tape.node = None


def spread(arguments: Mapping[str, Any]) -> tuple[Traced, ...]:
    """The arguments as `forward` takes them, variadic ones one by one."""
    values: list[Traced] = []
    for argument in arguments.values():
        values.extend(argument) if isinstance(argument, tuple) else values.append(argument)
    return tuple(values)


def twice(
    tape: Tape, rule: Callable[[], Mapping[str, Any]], values: Sequence[Traced] | None = None
) -> dict[str, Any]:
    """What a rule gives, noted two times: hidden state would show as a difference.

    Where the gate of the tape was noted so for numbers of the same kinds as `values`, once is
    enough: a network of single numbers has the same few gates a thousand times.
    """
    try:
        first = {k: _lifted(tape, v) for k, v in rule().items()}
    except GateError as error:
        raise error.at(tape.node.id) if tape.node is not None else error from error
    if tape.node is not None and values is not None:
        kinds = (tape.node.op, tuple(first), tuple((v.shape, v.dtype) for v in values))
        if kinds in tape.tried:
            return first
        tape.tried.add(kinds)
    if _indices(first) != _indices({k: _lifted(tape, v) for k, v in rule().items()}):
        tape.refuse(
            N_(
                "{label} ({op}) does something else each time it runs. Let noise come from `draw` "
                "and lasting state from `update`, and keep nothing on the gate."
            )
        )
    return first


def _lifted(tape: Tape, value: Any) -> Any:
    if isinstance(value, tuple | list):
        return tuple(tape.lift(part) for part in value)
    return tape.lift(value)


def _indices(results: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [v.index for v in value] if isinstance(value, tuple) else value.index
        for key, value in results.items()
    }


def _arguments(
    noted: Noted, node: Node, known: Mapping[str, Shape], rows: int, training: bool
) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for port in node.op.ports:
        sources = node.sources.get(port.name, ())
        if port.variadic:
            arguments[port.name] = tuple(noted.outputs[source] for source in sources)
        elif sources:
            arguments[port.name] = noted.outputs[sources[0]]
        elif port.kind is not Kind.NOISE:
            shape = known.get(port.name)
            if shape is None:
                raise shapes.no_value(node, port.name)
            arguments[port.name] = _leaf(noted, node, port.name, port.kind, shape, rows)
    if node.owned(Kind.NOISE):
        arguments |= _noise(noted, node, arguments, training)
    # The order of the ports is the order in which `forward` takes them.
    return {p.name: arguments[p.name] for p in node.op.ports if p.name in arguments}


def _leaf(noted: Noted, node: Node, port: str, kind: Kind, shape: Shape, rows: int) -> Traced:
    key = f"{node.id}.{port}"
    dtype = np.dtype(np.intp) if kind is Kind.INDEX else noted.tape.dtype
    leaf = noted.tape.leaf(shape.array(rows), batched=shape.batched, dtype=dtype)
    noted.leaves[key], noted.kinds[key] = leaf, kind
    return leaf


def _noise(
    noted: Noted, node: Node, arguments: Mapping[str, Any], training: bool
) -> dict[str, Traced]:
    """A leaf for each noise; its shape from one draw. Outside training it is what `draw` says."""
    given = {k: v.shape for k, v in arguments.items() if isinstance(v, Traced)}
    batched = any(noted.tape.values[v.index].batched for v in spread(arguments))
    rng = run.Randomness(0).generator(node.id) if training else None
    noise: dict[str, Traced] = {}
    for name, drawn in node.op.draw(rng, **given).items():
        if not training:
            noise[name] = noted.tape.constant(drawn)
            continue
        key = f"{node.id}.{name}"
        noise[name] = noted.tape.leaf(np.shape(drawn), batched=batched and np.ndim(drawn) > 0)
        noted.leaves[key], noted.kinds[key] = noise[name], Kind.NOISE
    return noise
