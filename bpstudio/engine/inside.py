"""What a gate is made of: smaller gates that together do the same.

Most follow from a gate's own `formula`. Texts say what a gate does, but not all of it (a setting
`axis`, a kink), so nothing is believed: the gates must give the gate's own values and gradients for
drawn numbers, of the shapes that it has in its network, or the gate is not opened.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bpstudio.engine import run, shapes
from bpstudio.engine.expression import Call, Expression, Name, fold, parse
from bpstudio.engine.functions import CONSTANTS
from bpstudio.engine.gates import Gates, Made, gate_of
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.initial import initialisers
from bpstudio.engine.op import Array, Kind, Op
from bpstudio.engine.ops.arithmetic import Add, Multiply
from bpstudio.engine.ops.layer import Dense
from bpstudio.engine.ops.reduction import Mean, Sum
from bpstudio.engine.ops.reshape import Concatenate, Reshape, Slice
from bpstudio.engine.ops.source import Data, Input, Parameter
from bpstudio.engine.shapes import Shape
from bpstudio.errors import FormulaError, ShapeError, StudioError
from bpstudio.language import N_

NEURONS, MATRICES, GATES = "neurons", "matrices", "gates"
"""How far a layer is opened: into its neurons, into products of matrices, into single gates."""
MOST_NEURONS = 16
MOST_WEIGHTS = 64
"""A layer with more is not drawn neuron by neuron, or weight by weight."""
TOLERANCE = 1e-9
"""How far the gates may be from the gate, relative to the largest entry."""

# Where a gate's own text names the gate itself, or hides what it does at a kink.
_OTHER_TEXTS = {"tanh": "2 / (1 + exp(-2 * x)) - 1", "relu": "x if x > 0 else 0"}


class Held(NamedTuple):
    """A weight of a gate, held in pieces by others.

    `keys` are those of the pieces, each of the shape `piece`: the whole, single entries in order,
    or what follows along the last axis.
    """

    shape: tuple[int, ...]
    piece: tuple[int, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Inside:
    """The gates that a gate is made of.

    `stands` has for each port that others feed a node that stands for what feeds it; all other
    nodes are the inside. `held` says who holds the weights that the gate owned.
    """

    nodes: Mapping[str, Node]
    output: str
    stands: Mapping[str, str]
    held: Mapping[str, Held]

    @property
    def members(self) -> tuple[str, ...]:
        """The ids of the inside."""
        outside = set(self.stands.values())
        return tuple(id for id in self.nodes if id not in outside)


def levels(op: Op) -> tuple[str, ...]:
    """How far a gate can be opened, the least first, as far as its kind tells."""
    if isinstance(op, Dense):
        return (NEURONS, MATRICES, GATES) if op.units > 1 else (MATRICES, GATES)
    plain = not any(
        port.variadic or port.kind not in (Kind.INPUT, Kind.WEIGHT, Kind.TARGET)
        for port in op.ports
    )
    return (GATES,) if plain and op.ports and op.formula else ()


def inside_of(node: Node, arguments: Mapping[str, Shape], level: str) -> Inside | None:
    """The gates that a node is made of; None where there are none that do the same.

    `arguments` has the shape of each of its arguments. Raises StudioError for a layer with too
    many neurons or weights to be opened so far.
    """
    op = node.op
    if isinstance(op, Dense) and level != MATRICES:
        made: Inside | None = (_neurons if level == NEURONS else _weights)(node, op, arguments)
    else:
        made = _from_formula(node, arguments)
    return made if made is not None and does_the_same(op, made, arguments) else None


def spread(arrays: Mapping[str, Array], id: str, held: Mapping[str, Held]) -> dict[str, Array]:
    """Arrays by key with a node's own in the pieces that others hold."""
    parts = dict(arrays)
    for port, (_, piece, keys) in held.items():
        whole = parts.pop(f"{id}.{port}", None)
        if whole is None:
            continue
        for place, key in enumerate(keys):
            if len(keys) == 1:
                part = np.reshape(whole, piece)
            elif piece == ():
                part = np.reshape(whole.flat[place], ())
            else:
                part = whole[..., place * piece[-1] : (place + 1) * piece[-1]]
            parts[key] = _fixed(part)
    return parts


def gathered(arrays: Mapping[str, Array], id: str, held: Mapping[str, Held]) -> dict[str, Array]:
    """Arrays by key with the pieces put together as the node's own: what `spread` undoes."""
    parts = dict(arrays)
    for port, (shape, piece, keys) in held.items():
        if not all(key in parts for key in keys):
            continue
        pieces = [parts.pop(key) for key in keys]
        if piece and len(keys) > 1:
            parts[f"{id}.{port}"] = _fixed(np.concatenate(pieces, axis=-1))
        else:
            parts[f"{id}.{port}"] = _fixed(np.reshape(np.stack(pieces), shape))
    return parts


def does_the_same(op: Op, inside: Inside, arguments: Mapping[str, Shape]) -> bool:
    """Whether the gates give the gate's own output and gradients for drawn numbers.

    Where the gate can't take arguments of these shapes they do not; raises ShapeError for a gate
    that is not known, through which nothing runs.
    """
    try:
        op.shape(**arguments)
    except ShapeError:
        if op.category == "missing":
            raise
        return False
    return all(
        _agree(op, inside, arguments, rows, whole)
        for rows, whole in ((5, False), (3, True), (2, True))
    )


def stand_for(id: str, shape: Shape) -> Node:
    """A node that stands for whatever feeds a port with arrays of that shape."""
    return Node(id, Data() if shape.batched else Input())


def stand_key(node: Node) -> str:
    """The key of the value that such a node gives."""
    return f"{node.id}.{node.op.ports[0].name}"


def _agree(op: Op, inside: Inside, arguments: Mapping[str, Shape], rows: int, whole: bool) -> bool:
    rng = np.random.default_rng([rows, whole])
    values = {
        p.name: _drawn(op, p.name, arguments[p.name].array(rows), rng, whole) for p in op.ports
    }
    nodes = inside.nodes
    given = {stand_key(nodes[id]): values[port] for port, id in inside.stands.items()}
    weights = spread({f"gate.{port}": values[port] for port in inside.held}, "gate", inside.held)
    with np.errstate(all="ignore"):
        output = np.asarray(op.forward(*values.values()))
        if not np.isfinite(output).all():
            return True
        g = np.asarray(rng.uniform(0.5, 1.5, output.shape))
        passed = run.pull_back(run.Step("gate", op, {}, values, output), g)
        try:
            found = run.record(
                Graph(nodes), given, weights, seed={inside.output: g}, ancestors_of=inside.output
            )
        except (StudioError, ValueError):
            return False
    gradients = {port: found.gradients.get(id) for port, id in inside.stands.items()}
    pieces = {
        key: found.weight_gradients.get(key, np.zeros(held.piece))
        for held in inside.held.values()
        for key in held.keys
    }
    own = gathered(pieces, "gate", inside.held)
    gradients |= {port: own[f"gate.{port}"] for port in inside.held}
    if not _equal(found.values[inside.output], output):
        return False
    for port, value in values.items():
        wanted = passed[port][0] if port in passed else np.zeros(value.shape)
        have = gradients.get(port)
        if not _equal(np.zeros(value.shape) if have is None else have, wanted):
            return False
    return True


def _drawn(
    op: Op, port: str, shape: tuple[int, ...], rng: np.random.Generator, whole: bool
) -> Array:
    """Values in the gate's domain: of both signs, or whole numbers full of zeros and ties."""
    low, high = op.domain.get(port, (-math.inf, math.inf))
    choices = [n for n in (-1.0, 0.0, 1.0, 2.0) if low < n < high]
    if whole and choices:
        return np.asarray(rng.choice(choices, shape))
    low = low if math.isfinite(low) else min(-1.5, high - 3)
    high = min(high, low + 3)
    edge = 0.1 * (high - low)
    return np.asarray(rng.uniform(low + edge, high - edge, shape))


def _equal(have: Array, wanted: Array) -> bool:
    if have.shape != wanted.shape:
        return False
    finite = np.isfinite(wanted)
    largest = float(np.max(np.abs(wanted[finite]), initial=1e-3))
    near = np.abs(have[finite] - wanted[finite]) <= TOLERANCE * largest
    return bool(near.all())


def _fixed(array: Array) -> Array:
    """A copy that nobody can change."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def _owned(node: Node) -> tuple[str, ...]:
    return tuple(port.name for port in node.owned(Kind.WEIGHT))


def _initial(op: Op, port: str) -> str:
    """The initialiser of a parameter that takes over a weight."""
    initial = op.initials().get(port, 0.0)
    if isinstance(initial, str) and initial in initialisers:
        return initial
    return "zeros" if initial == 0 else "normal"


def _from_formula(node: Node, arguments: Mapping[str, Shape]) -> Inside | None:
    """The gates of a gate's formula; None if there are none but itself."""
    op, owned = node.op, _owned(node)
    expression = parse(_OTHER_TEXTS.get(op.name, op.formula))
    ports = [port.name for port in op.ports]
    numbers = {
        name: float(value)
        for name, value in op.settings.items()
        if isinstance(value, int | float) and name not in ports
    }
    gates = Gates(ports, "")
    for port in ports:
        gates.nodes[port] = stand_for(port, arguments[port])
        if port in owned:
            size = arguments[port].features
            gates.nodes[port] = Node(port, Parameter(size=size, initial=_initial(op, port)))
    visit = functools.partial(_visit, gates, {**CONSTANTS, **numbers}, arguments)
    try:
        output = gates.node(fold(expression, visit))
    except FormulaError:
        return None
    made = [n for n in gates.nodes.values() if n.op.category != "source"]
    if not made or any(type(each.op) is type(op) for each in made):
        return None
    held = {
        port: Held(arguments[port].features, arguments[port].features, (f"{port}.value",))
        for port in owned
    }
    stands = {port: port for port in ports if port not in owned}
    nodes, output = _merged(gates.nodes, output)
    return Inside(nodes, output, stands, held)


def _merged(nodes: Mapping[str, Node], output: str) -> tuple[dict[str, Node], str]:
    """The nodes with equal gates on equal inputs as one, whose value forks."""
    kept: dict[str, Node] = {}
    same: dict[str, str] = {}
    known: dict[object, str] = {}
    for id, node in nodes.items():
        sources = {port: tuple(same[s] for s in ids) for port, ids in node.sources.items()}
        # A parameter or a stand-in is itself alone.
        key = (node.op, *sources.values()) if sources else id
        same[id] = known.setdefault(key, id)
        if same[id] == id:
            kept[id] = dataclasses.replace(node, sources=sources)
    return kept, same[output]


def _visit(
    gates: Gates,
    constants: Mapping[str, float],
    arguments: Mapping[str, Shape],
    part: Expression,
    of: Sequence[Made],
) -> Made:
    """What a part of a gate's formula becomes; shapes are known, so axes can go and stay."""
    match part:
        case Call(("sum" | "mean" | "sum_over" | "mean_over") as function) if of[1:] == [-1.0]:
            kind = Sum if function.startswith("sum") else Mean
            reduced = _added(gates, kind(axis=-1), (of[0],))
            if function.endswith("_over"):
                return reduced
            rank = len(_shape(gates, arguments, reduced).array(1))
            return _added(gates, Reshape(size=(1,), keep=rank), (reduced,))
        case Name(name) if name in arguments:
            return name
    return gate_of(gates, constants, part, of)


def _added(gates: Gates, op: Op, sources: Sequence[Made]) -> str:
    settings = {f.name: getattr(op, f.name) for f in dataclasses.fields(op)}
    return gates.gate(op.name, *sources, **settings)


def _shape(gates: Gates, arguments: Mapping[str, Shape], id: str) -> Shape:
    known = {stand_key(gates.nodes[port]): shape for port, shape in arguments.items()}
    return shapes.infer(Graph(gates.nodes), known)[id]


def _neurons(node: Node, layer: Dense, arguments: Mapping[str, Shape]) -> Inside | None:
    """A layer of one unit for each neuron, and their outputs in a row."""
    if _owned(node) != ("weight", "bias") or layer.units < 2:
        return None
    if layer.units > MOST_NEURONS:
        raise StudioError(
            N_(
                "{label} has {count} neurons; up to {most} are drawn one by one. "
                "Open it into matrices."
            ),
            nodes=(node.id,),
            label=node.label,
            count=layer.units,
            most=MOST_NEURONS,
        )
    one = Dense(units=1, initial=layer.initial)
    ids = tuple(f"neuron{j + 1}" for j in range(layer.units))
    nodes = {"x": stand_for("x", arguments["x"])}
    nodes |= {id: Node(id, one, {"x": ("x",)}) for id in ids}
    nodes["row"] = Node("row", Concatenate(axis=-1), {"parts": ids})
    count = arguments["weight"].features[0]
    held = {
        "weight": Held((count, layer.units), (count, 1), tuple(f"{id}.weight" for id in ids)),
        "bias": Held((layer.units,), (1,), tuple(f"{id}.bias" for id in ids)),
    }
    return Inside(nodes, "row", {"x": "x"}, held)


def _weights(node: Node, layer: Dense, arguments: Mapping[str, Shape]) -> Inside | None:
    """Every multiplication and addition of every neuron, with a parameter for each weight."""
    if _owned(node) != ("weight", "bias"):
        return None
    count, units = arguments["weight"].features
    if count * units > MOST_WEIGHTS:
        raise StudioError(
            N_(
                "{label} has {count} weights; up to {most} are drawn one by one. "
                "Open it into matrices."
            ),
            nodes=(node.id,),
            label=node.label,
            count=count * units,
            most=MOST_WEIGHTS,
        )
    nodes = {"x": stand_for("x", arguments["x"])}

    def add(id: str, op: Op, title: str = "", **sources: tuple[str, ...]) -> str:
        nodes[id] = Node(id, op, sources, title)
        return id

    columns = ["x"]
    if count > 1:
        columns = [
            add(f"x_{i}", Slice(start=i - 1), f"x{_low(i)}", x=("x",)) for i in _from_1(count)
        ]
    outputs = []
    for j in _from_1(units):
        terms = []
        for i, column in zip(_from_1(count), columns, strict=True):
            weight = Parameter(initial=layer.initial)
            add(f"w_{i}_{j}", weight, f"w{_low(i)}{_low(j)}" if units > 1 else f"w{_low(i)}")
            terms.append(add(f"product_{i}_{j}", Multiply(), a=(f"w_{i}_{j}",), b=(column,)))
        add(f"b_{j}", Parameter(initial="zeros"), f"b{_low(j)}" if units > 1 else "b")
        total = terms[0]
        for i, term in enumerate((*terms[1:], f"b_{j}"), 2):
            total = add(f"sum_{i}_{j}", Add(), a=(total,), b=(term,))
        outputs.append(total)
    output = outputs[0]
    if units > 1:
        output = add("row", Concatenate(axis=-1), parts=tuple(outputs))
    entries = tuple(f"w_{i}_{j}.value" for i in _from_1(count) for j in _from_1(units))
    held = {
        "weight": Held((count, units), (), entries),
        "bias": Held((units,), (), tuple(f"b_{j}.value" for j in _from_1(units))),
    }
    return Inside(nodes, output, {"x": "x"}, held)


def _from_1(count: int) -> range:
    return range(1, count + 1)


def _low(number: int) -> str:
    """A number as an index."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
