"""A formula as a network of gates, and a network of gates as a formula."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bpstudio.engine.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Negate,
    Number,
    fold,
    names,
    parse,
    parse_definition,
    write,
)
from bpstudio.engine.functions import CONSTANTS, FUNCTIONS
from bpstudio.engine.gates import Gates, gate_of
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.notation import LONGEST, plain_name
from bpstudio.engine.op import Array
from bpstudio.engine.ops.source import Constant
from bpstudio.engine.run import ancestors
from bpstudio.engine.tree import with_parts
from bpstudio.errors import FormulaError, GraphError
from bpstudio.language import N_


@dataclass(frozen=True, eq=False)
class Formula:
    """A network made from a formula.

    `given` has the values by key, such as `x0.value`; `output` is the node that holds the result;
    `variables` are the names in the order in which they are written, each the id of its input.
    """

    graph: Graph
    given: Mapping[str, Array]
    output: str
    variables: tuple[str, ...]


def build(text: str, values: Mapping[str, Array | float] | None = None) -> Formula:
    """The network of gates of a formula, with the values of its names.

    A name that stands several times is one input that forks. `f = …` names the last gate. With no
    `values` at all none are asked for, and `given` is empty. Raises FormulaError for a formula
    that can't be read or has no gates, for names without a value (`values["missing"]` of the error
    lists them) and for values of names that the formula does not have.
    """
    left, expression = parse_definition(text)
    typed = None if values is None else {plain_name(name): v for name, v in values.items()}
    constants = {n: v for n, v in CONSTANTS.items() if typed is None or n not in typed}
    variables = tuple(name for name in names(expression) if name not in constants)
    if left in variables:
        raise FormulaError(
            N_("{name} stands on both sides of =. Give the result a name of its own."),
            position=_place(expression, left),
            name=left,
        )
    given = {} if typed is None else _given(expression, variables, typed)

    gates = Gates(variables, left)
    output = gates.node(fold(expression, functools.partial(gate_of, gates, constants)))
    if left and output not in variables:
        gates.nodes[left] = dataclasses.replace(gates.nodes.pop(output), id=left)
        output = left
    return Formula(Graph(gates.nodes), given, output, variables)


def text_of(graph: Graph, output: str) -> str:
    """The formula of a node, over the ids of the sources that it comes from.

    What feeds several gates is written out for each of them. Raises GraphError for a gate that a
    formula can't say, and for a formula that would be too long.
    """
    wanted = ancestors(graph, output)
    said: dict[str, Expression] = {}
    terms: dict[str, int] = {}
    for node in graph.ordered:
        if node.id not in wanted:
            continue
        rule = _rule(node)
        sources = {port: ids[0] for port, ids in node.sources.items()}
        terms[node.id] = _terms(rule, {port: terms[id] for port, id in sources.items()})
        if terms[node.id] > LONGEST:
            raise GraphError(
                N_("The formula of {label} would have more than {most} terms."),
                nodes=(output,),
                label=graph[output].label,
                most=LONGEST,
            )
        said[node.id] = _put_in(rule, {port: said[id] for port, id in sources.items()})
    return write(said[output])


def _given(
    expression: Expression, variables: Sequence[str], values: Mapping[str, Array | float]
) -> dict[str, Array]:
    missing = tuple(name for name in variables if name not in values)
    if missing:
        functions = [name for name in missing if name in FUNCTIONS]
        raise FormulaError(
            N_("{first} is a function. Write what it works on in parentheses: {first}(…).")
            if functions
            else N_("There is no value for {names}. Give one, as in {first}=1."),
            position=_place(expression, (functions or missing)[0]),
            names=", ".join(missing),
            first=(functions or missing)[0],
            missing=missing,
        )
    unknown = [name for name in values if name not in variables and name not in CONSTANTS]
    if unknown:
        raise FormulaError(
            N_("The formula has no {names}, but a value for it was given. It has: {variables}."),
            position=0,
            names=", ".join(unknown),
            variables=", ".join(variables) or "-",
        )
    return {f"{name}.value": _array(expression, name, values[name]) for name in variables}


def _array(expression: Expression, name: str, value: Array | float) -> Array:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise FormulaError(
            N_("{name} must be a number or an array of numbers, not {value}."),
            position=_place(expression, name),
            name=name,
            value=repr(value),
        ) from None
    array.flags.writeable = False
    return array


def _place(expression: Expression, name: str) -> int:
    """Where a name was typed first."""

    def visit(part: Expression, inner: Sequence[int]) -> int:
        here = part.position if isinstance(part, Name) and part.name == name else LONGEST
        return min([here, *inner])

    return fold(expression, visit)


def _rule(node: Node) -> Expression:
    """What a node gives, over the names of its ports; a source is a number or a name."""
    op = node.op
    if isinstance(op, Constant):
        return Number(op.value)
    if op.category == "source":
        return _name_of(node)
    if not op.formula or any(port.variadic or not node.sources.get(port.name) for port in op.ports):
        raise _unsaid(node)
    own = parse(op.formula)
    defaults = {setting.name: setting.default for setting in dataclasses.fields(op)}
    mentioned = names(own)
    # A formula that is silent on a setting holds for its default only, unless it is its own.
    own_text = op.formula != type(op).formula
    if not own_text and any(
        op.settings[name] != defaults[name] for name in defaults if name not in mentioned
    ):
        raise _unsaid(node)
    function = FUNCTIONS.get(op.name)
    if function is not None and function.fewest <= len(op.ports):
        return Call(op.name, tuple(Name(port.name) for port in op.ports))
    settings = {
        name: Number(value)
        for name, value in op.settings.items()
        if name in mentioned and isinstance(value, int | float)
    }
    return _put_in(own, settings)


def _name_of(node: Node) -> Name:
    """A source's id as a name, if a formula can hold it."""
    try:
        read = parse(node.id)
    except FormulaError:
        read = None
    if read != Name(node.id):
        raise GraphError(
            N_("{label} can't stand in a formula under its name {id}. Rename it."),
            nodes=(node.id,),
            label=node.label,
            id=node.id,
        )
    return Name(node.id)


def _unsaid(node: Node) -> GraphError:
    return GraphError(
        N_("{label} ({op}) can't be written in a formula. Leave it out, or open it into gates."),
        nodes=(node.id,),
        label=node.label,
        op=node.op.title,
    )


def _put_in(rule: Expression, values: Mapping[str, Expression]) -> Expression:
    """The rule with these in place of names."""

    def visit(part: Expression, parts: Sequence[Expression]) -> Expression:
        if isinstance(part, Name):
            return values.get(part.name, part)
        return _tidy(with_parts(part, parts))

    return fold(rule, visit)


def _tidy(part: Expression) -> Expression:
    """The way people write it, `x - 2` for `x + -2`; the same gates come of both."""
    match part:
        case Call(("max" | "min") as function, (Call(inner, first), other)) if inner == function:
            return Call(function, (*first, other))
        case Binary("+", x, Number(value)) if value < 0:
            return Binary("-", x, Number(-value))
        case Binary("+", Negate(x), Number() as number):
            return Binary("-", number, x)
        case Binary("*", Number() as number, Binary("/", Number(1), x)):
            return Binary("/", number, x)
        case Binary("*", Number(value), x) if value and len(repr(value)) > 12:
            divisor = float(round(1 / value)) if abs(value) > 1e-9 else 0.0
            if divisor and 1 / divisor == value:
                return Binary("/", x, Number(divisor))
    return part


def _terms(rule: Expression, terms: Mapping[str, int]) -> int:
    """How many names and numbers a rule has when what has so many is put in."""

    def visit(part: Expression, inner: Sequence[int]) -> int:
        return sum(inner) if inner else terms.get(part.name, 1) if isinstance(part, Name) else 1

    return fold(rule, visit)
