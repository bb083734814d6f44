"""Functions that the tracer does not know, called as they stand on arrays in numbered slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bpstudio.engine.calls import Form
from bpstudio.engine.op import Array
from bpstudio.engine.windows import pad_into, scatter_add, scatter_into
from bpstudio.language import N_

if TYPE_CHECKING:
    from bpstudio.engine.trace import Tape, Traced


SAMPLES = 3
"""An unknown function is tried on so many arrays, to see what it gives."""


@dataclass(frozen=True)
class Part:
    """One result of a function that gives several."""

    function: Callable[..., Any]
    place: int

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)[self.place]

    @property
    def __name__(self) -> str:
        return str(getattr(self.function, "__name__", self.function))


@dataclass(frozen=True)
class Slot:
    """In the template of an unknown function's arguments: the place of an array."""

    number: int


WRITERS: Mapping[Callable[..., Any], Callable[..., bool]] = {
    np.pad: pad_into,
    scatter_add: scatter_into,
}
"""For a function another that takes the place of the result first, and may decline."""


@dataclass(frozen=True)
class Stored:
    """A function that is called as it stands, and its result copied to where it belongs."""

    function: Callable[..., Any]
    template: Any

    def __call__(self, out: Array, *arrays: Array) -> None:
        writer = WRITERS.get(self.function)
        if writer is not None and run_template(partial(writer, out), self.template, arrays):
            return
        result = run_template(self.function, self.template, arrays)
        if np.shape(result) != out.shape:
            raise ValueError(f"a result of shape {np.shape(result)} where {out.shape} was traced")
        np.copyto(out, result)


def several(arrays: Sequence[Any]) -> Any:
    """The template of a call on these arrays alone."""
    return ("tuple", ("tuple", *(Slot(i) for i in range(len(arrays)))), ("dict", (), ()))


def sum_of_products(*arrays: Array) -> Any:
    """The sum over all entries of one array, or of the product of two."""
    return np.sum(arrays[0] if len(arrays) == 1 else arrays[0] * arrays[1])


TWO = several((0, 1))
"""The template of a call on two arrays."""


def call(tape: Tape, function: Callable[..., Any], arguments: Any, named: Any) -> Traced:
    """Any other function: called at each step as it stands, its result copied."""
    inputs: list[Traced] = []
    template = template_of(tape, (arguments, named), inputs)
    results = [
        r for sample in range(SAMPLES) for r in _tried(tape, function, template, inputs, sample)
    ]
    name = getattr(function, "__name__", str(function))
    if not results:
        tape.refuse(
            N_(
                "{label} ({op}) calls {function}, which fails on every sort of numbers it was "
                "tried with. Use another NumPy function."
            ),
            function=name,
        )
    if not all(isinstance(result, np.ndarray | np.generic) for result in results):
        tape.refuse(
            N_(
                "{label} ({op}) calls {function}, which does not give an array. "
                "Use a NumPy function that gives one."
            ),
            function=name,
        )
    if any(result.shape != results[0].shape for result in results):
        tape.refuse(
            N_(
                "{label} ({op}) calls {function}, whose result's shape depends on values. "
                "Keep all entries and choose with np.where instead."
            ),
            function=name,
        )
    dtype = tape.dtype if results[0].dtype.kind == "f" else results[0].dtype
    return tape.note(Form.FUNCTION, function, tuple(inputs), (template,), results[0].shape, dtype)


def _tried(
    tape: Tape,
    function: Callable[..., Any],
    template: Any,
    inputs: Sequence[Traced],
    sample: int,
) -> list[Any]:
    """What an unknown function gives for made-up arrays; nothing if it fails on them."""
    rng = np.random.default_rng(sample)
    arrays = []
    for x in inputs:
        constant = tape.values[x.index].constant
        if constant is not None:
            arrays.append(constant)
        elif x.dtype.kind == "f" and sample:
            arrays.append(rng.uniform(0.1, 0.9, x.shape).astype(x.dtype))
        else:
            arrays.append(np.full(x.shape, sample % 2, x.dtype))
    try:
        with np.errstate(all="ignore"):
            return [run_template(function, template, arrays)]
    except (ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError):
        return []


def template_of(tape: Tape, tree: Any, inputs: list[Traced]) -> Any:
    """The arguments of an unknown function with numbered slots for its arrays."""
    if isinstance(tree, np.ndarray):
        tree = tape.constant(tree)
    if isinstance(tree, type(tape.constant(0))):
        inputs.append(tree)
        return Slot(len(inputs) - 1)
    if isinstance(tree, tuple | list):
        return (type(tree).__name__, *(template_of(tape, part, inputs) for part in tree))
    if isinstance(tree, dict):
        items = (template_of(tape, part, inputs) for part in tree.values())
        return ("dict", tuple(tree), tuple(items))
    if isinstance(tree, slice):
        return ("slice", tree.start, tree.stop, tree.step)
    return ("value", tree)


def run_template(function: Callable[..., Any], template: Any, arrays: Sequence[Array]) -> Any:
    """Call a function with these arrays in the slots of its template."""
    arguments, named = _filled(template, arrays)
    return function(*arguments, **named)


def _filled(template: Any, arrays: Sequence[Array]) -> Any:
    if isinstance(template, Slot):
        return arrays[template.number]
    match template[0]:
        case "value":
            return template[1]
        case "slice":
            return slice(*template[1:])
        case "dict":
            values = [_filled(part, arrays) for part in template[2]]
            return dict(zip(template[1], values, strict=True))
        case kind:
            parts = [_filled(part, arrays) for part in template[1:]]
            return tuple(parts) if kind == "tuple" else parts
