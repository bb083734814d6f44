"""What holds for every gate of the catalog; a new gate is tested here without a new line.

Inputs are of two sorts: `smooth`, away from every kink, so that finite differences apply, and
`kinky`, small whole numbers full of zeros and ties, for comparison with formulas and PyTorch.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.engine.differences import numeric_gradient
from bpstudio.engine.expression import (
    Binary,
    Call,
    Choice,
    Compare,
    Expression,
    Name,
    Negate,
    Number,
    evaluate,
    fold,
    names,
    parse,
)
from bpstudio.engine.op import Array, Kind, Op, catalog
from bpstudio.engine.run import Step, fit, pull_back
from bpstudio.engine.shapes import Shape
from bpstudio.engine.tree import spread
from bpstudio.errors import ShapeError
from tests.engine.torch_gates import IN_TORCH

# Where the answers that PyTorch gave once are kept, and how many inputs of each case.
REFERENCE, STORED = Path(__file__).parent / "reference" / "gates.npz", 2
CATEGORIES = {"arithmetic", "activation", "layer", "normalize", "reshape", "loss", "source"}
ELSEWHERE = {"onnx", "torch", "numpy"}
TOLERANCE = 1e-12
"""How far from PyTorch, relative to the tensor's largest number."""
INPUTS = 50

Shapes = Mapping[str, tuple[int, ...]]


class Case(NamedTuple):
    """A gate with its settings, at one choice of shapes."""

    op: Op
    shapes: Shapes

    def __str__(self) -> str:
        settings = "".join(f"-{value}" for value in self.op.settings.values())
        return f"{self.op.name}{settings}-" + "-".join(
            "x".join(map(str, axes)) or "1" for axes in self.shapes.values()
        )


def instances(kind: type[Op]) -> Iterator[Op]:
    """The gate with its default settings, and with each setting changed."""
    op = kind()
    yield op
    for field in dataclasses.fields(op):
        low, high, choices = (field.metadata[key] for key in ("low", "high", "choices"))
        value = getattr(op, field.name)
        if choices is not None:
            others = [choice for choice in choices if choice != value]
        elif isinstance(value, bool):
            others = [not value]
        elif isinstance(value, int):
            others = [value + 1 if high is None else min(value + 1, high)]
        elif isinstance(value, tuple):
            others = [(1, *value)]
        elif isinstance(value, float):
            ends = (-math.inf if low is None else low, math.inf if high is None else high)
            others = [min(max(other, ends[0]), ends[1]) for other in (0.4 * value + 0.3, -1.5)]
        else:
            others = []
        for other in dict.fromkeys(others):
            if other == value:
                continue
            yield dataclasses.replace(op, **{field.name: other})


def argument_shapes(op: Op) -> Iterator[Shapes]:
    """Shapes of its arguments: those that it declares, or a few that broadcast."""
    free = [p.name for p in op.ports if p.kind not in (Kind.WEIGHT, Kind.STATISTIC, Kind.NOISE)]
    variadic = tuple(p.name for p in op.ports if p.variadic)
    lists: tuple[tuple[tuple[int, ...], ...], ...]
    if op.samples:
        for sample in op.samples:
            wanted = {k: v for k, v in sample.items() if k in free or k.startswith(variadic)}
            if (shapes := _with_weights(op, wanted)) is not None:
                yield shapes
        return
    if len(free) < 2:
        lists = (((),), ((3,),), ((2, 3),), ((1, 4),))
    else:
        lists = (((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3)))
    for axes in lists[: 1 if not free else None]:
        shapes = _with_weights(op, dict(zip(free, axes * len(free), strict=False)))
        if shapes is not None:
            yield shapes


def _with_weights(op: Op, shapes: Shapes) -> Shapes | None:
    """The shapes with those of weights and noise; None where the gate can't have any."""
    try:
        weights = op.weight_shapes(**{name: Shape(axes) for name, axes in shapes.items()})
    except ShapeError:
        return None
    noise = op.draw(None, **shapes, **weights) if _ports(op, Kind.NOISE) else {}
    drawn = {name: value.shape for name, value in noise.items()}
    return _flat(op, {**shapes, **weights, **drawn})


def _flat(op: Op, by_name: Mapping[str, Any]) -> dict[str, Any]:
    """In the order of the ports, those of a variadic one numbered."""
    numbered = [name for name in by_name if name.rstrip("0123456789") != name]
    return {
        name: by_name[name]
        for port in op.ports
        for name in (
            [n for n in numbered if n.startswith(port.name)] if port.variadic else [port.name]
        )
    }


def _ports(op: Op, *kinds: Kind) -> list[str]:
    return [port.name for port in op.ports if port.kind in kinds]


def cases() -> list[Case]:
    """Every gate of the catalog at every choice of settings and shapes that it accepts."""
    found = [
        Case(op, shapes)
        for kind in catalog.values()
        for op in instances(kind)
        for shapes in argument_shapes(op)
        if accepted(op, shapes)
    ]
    assert {case.op.name for case in found} == set(catalog)
    assert len(set(map(str, found))) == len(found)
    return found


def accepted(op: Op, shapes: Shapes) -> Shape | None:
    """The gate's own answer, with some of the arguments' first axes as the batch, or none."""
    for batched in batches(op, shapes):
        try:
            return op.shape(
                **{
                    name: Shape(axes[1:], True) if name in batched else Shape(axes)
                    for name, axes in shapes.items()
                }
            )
        except ShapeError:
            continue
    return None


def batches(op: Op, shapes: Shapes) -> Iterator[tuple[str, ...]]:
    """Each choice of arguments whose first axis may be the batch; none of them first."""
    lasting = _ports(op, Kind.WEIGHT, Kind.STATISTIC)
    free = [name for name, axes in shapes.items() if axes and name not in lasting]
    for count in range(len(free) + 1):
        yield from combinations(free, count)


def smooth(op: Op, shapes: Shapes, rng: np.random.Generator) -> dict[str, Array]:
    """Values in the gate's domain, away from 0 and from each other."""
    count = sum(math.prod(axes) for axes in shapes.values())
    apart = iter(rng.permutation(np.linspace(0.2, 2.0, max(count, 2))) * rng.choice([-1, 1]))
    values: dict[str, Array] = {}
    for name, axes in shapes.items():
        low, high = op.domain.get(name, (-math.inf, math.inf))
        if math.isfinite(high):
            values[name] = low + (high - low) * rng.uniform(0.1, 0.9, axes)
        elif math.isfinite(low):
            values[name] = low + rng.uniform(0.3, 2.0, axes)
        else:
            drawn = [next(apart) for _ in range(math.prod(axes))]
            signs = rng.choice([-1.0, 1.0], axes)
            values[name] = np.reshape(np.asarray(drawn), axes) * signs
    return _chosen(op, values, rng)


def kinky(op: Op, shapes: Shapes, rng: np.random.Generator) -> dict[str, Array]:
    """Values full of zeros and ties; without zeros where these give infinities."""
    for whole in ((-1.0, 0.0, 1.0, 2.0), (-1.0, 1.0, 2.0)):
        values: dict[str, Array] = {}
        for name, axes in shapes.items():
            low, high = op.domain.get(name, (-math.inf, math.inf))
            if math.isfinite(high):
                choices = [low, (low + high) / 2, high]
            else:
                choices = [low + 1, low + 2] if math.isfinite(low) else list(whole)
            values[name] = np.asarray(rng.choice(choices, axes))
        values = _chosen(op, values, rng)
        with np.errstate(all="ignore"):
            if np.isfinite(op.forward(*values.values())).all():
                break
    return values


def _chosen(op: Op, values: dict[str, Array], rng: np.random.Generator) -> dict[str, Array]:
    """The values with whole numbers at indices, and noise as the gate draws it."""
    for name in _ports(op, Kind.INDEX):
        values[name] = np.asarray(rng.integers(0, 2, values[name].shape))
    if _ports(op, Kind.NOISE):
        shapes = {name: value.shape for name, value in values.items()}
        values |= op.draw(rng, **shapes)
    return {name: np.array(value) for name, value in _flat(op, values).items()}


def step_of(op: Op, values: Mapping[str, Array]) -> Step:
    """The gate run once, as a recorded step."""
    with np.errstate(all="ignore"):
        output = np.asarray(op.forward(*values.values()))
    arguments: dict[str, Any] = {
        p.name: tuple(_flat(op, values).values()) if p.variadic else values[p.name]
        for p in op.ports
    }
    return Step(op.name, op, {}, arguments, output)


def passed(step: Step, g: Array) -> dict[str, Array]:
    """What the gate passes to each argument for that upstream gradient."""
    variadic = _variadic(step.op)
    return {
        f"{name}{slot}" if name in variadic else name: gradient
        for name, gradients in pull_back(step, g).items()
        for slot, gradient in enumerate(gradients)
    }


def differentiable(op: Op, values: Mapping[str, Array]) -> list[str]:
    """The arguments that a gradient may reach."""
    unreached = _ports(op, Kind.INDEX, Kind.NOISE, Kind.STATISTIC)
    return [name for name in values if name not in unreached]


def _variadic(op: Op) -> tuple[str, ...]:
    return tuple(port.name for port in op.ports if port.variadic)


def rules_of(op: Op, g: Array, output: Array, values: Mapping[str, Array]) -> dict[str, Array]:
    """What `backward` gives, those of a variadic argument numbered."""
    ruled = op.backward(g, output, *values.values())
    return {
        f"{name}{slot}" if name in _variadic(op) else name: np.asarray(gradient)
        for name, gradients in ruled.items()
        for slot, gradient in enumerate(gradients if name in _variadic(op) else (gradients,))
    }


def meaning(op: Op, text: str, values: Mapping[str, Array]) -> Expression:
    """A text of the gate with what names of several things stand for."""
    several: dict[str, list[Expression]] = {
        name: [Name(value) for value in values if value.startswith(name)] for name in _variadic(op)
    }
    for name, setting in op.settings.items():
        if isinstance(setting, tuple):
            several[name] = [Number(float(number)) for number in setting]
    return spread(parse(text), several)


def off(have: Any, want: Any) -> float:
    """The largest difference, relative to the largest of what is wanted."""
    have, want = np.asarray(have, dtype=np.float64), np.asarray(want, dtype=np.float64)
    assert have.shape == want.shape
    if not want.size:
        return 0.0
    return float(np.max(np.abs(have - want)) / max(1e-300, np.max(np.abs(want)), 1e-12))


def generator(case: Case, number: int = 0) -> np.random.Generator:
    """Random numbers that are the same on every run and differ from case to case."""
    return np.random.default_rng([number, *str(case).encode()])


def told(op: Op) -> bool:
    """Whether the formula speaks of the gate as it is set; else it speaks of the default."""
    texts = [op.formula, *op.gradients.values()]
    mentioned = {name for text in texts for name in names(parse(text))}
    changed = {name for name, value in op.settings.items() if value != getattr(type(op)(), name)}
    return changed <= mentioned


CASES = cases()
every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_gate = pytest.mark.parametrize("kind", catalog.values(), ids=lambda kind: kind.name)


@every_gate
def test_texts_are_complete(kind: type[Op]) -> None:
    op = kind()
    assert inspect.cleandoc(kind.__doc__ or "").endswith((".", "?"))
    assert op.category in CATEGORIES
    assert op.face.strip() and op.title.strip()
    assert any(word.isascii() for word in op.aliases)
    assert any("가" <= letter <= "힣" for word in op.aliases for letter in word)
    assert set(op.exports) <= ELSEWHERE
    assert set(op.domain) <= {port.name for port in op.ports}
    assert op.formula
    assert all(field.metadata["help"] for field in dataclasses.fields(op))


@every_gate
def test_names_elsewhere_exist(kind: type[Op]) -> None:
    name = kind.exports.get("numpy", "np.add")
    assert name.startswith("np.")
    assert callable(getattr(np, name.removeprefix("np.")))


@every_case
def test_shape_rule_says_what_comes_out(case: Case) -> None:
    said = 0
    output = step_of(case.op, smooth(case.op, case.shapes, generator(case))).output
    for batched in batches(case.op, case.shapes):
        rows = {case.shapes[name][0] for name in batched}
        if len(rows) > 1:
            continue
        arguments = {
            name: Shape(axes[1:], True) if name in batched else Shape(axes)
            for name, axes in case.shapes.items()
        }
        try:
            shape = case.op.shape(**arguments)
        except ShapeError as error:
            assert str(error)
            continue
        assert shape.array(*rows or {0}) == output.shape, arguments
        said += 1
    assert said


@every_case
def test_finite_differences_agree(case: Case) -> None:
    rng = generator(case)
    values = smooth(case.op, case.shapes, rng)
    step = step_of(case.op, values)
    g = np.array(rng.normal(size=step.output.shape))
    found = passed(step, g)
    for name in differentiable(case.op, values):

        def along(value: Array, name: str = name) -> float:
            return float(np.sum(g * case.op.forward(*{**values, name: value}.values())))

        numeric = numeric_gradient(along, values[name])
        have = found.get(name, np.zeros(values[name].shape))
        assert have.shape == values[name].shape
        assert np.max(np.abs(have - numeric), initial=0.0) <= 1e-7 * max(1.0, np.abs(numeric).max())


@pytest.mark.parametrize("case", [case for case in CASES if told(case.op)], ids=str)
@pytest.mark.parametrize("draw", [smooth, kinky])
def test_texts_say_what_the_gate_does(case: Case, draw: Callable[..., dict[str, Array]]) -> None:
    op = case.op
    rng = generator(case, 1)
    values = draw(op, case.shapes, rng)
    step = step_of(op, values)
    numbers = {k: v for k, v in op.settings.items() if isinstance(v, int | float)}
    g = np.array(rng.normal(size=step.output.shape))
    known = {**numbers, **values, "g": g, "y": step.output}
    told = np.asarray(evaluate(meaning(op, op.formula, values), known))
    np.testing.assert_allclose(told, step.output, rtol=1e-12, atol=1e-14)
    found = passed(step, g)
    texts = {
        name: op.gradients.get(name) or op.gradients.get(name.rstrip("0123456789"), "")
        for name in found
    }
    assert set(op.gradients) <= set(found) | set(_variadic(op)) and all(texts.values())
    for name, text in texts.items():
        slot = float(name.removeprefix(name.rstrip("0123456789")) or 0)
        expression = meaning(op, text, values)
        gradient = fit(evaluate(expression, {**known, "slot": slot}), values[name].shape)
        np.testing.assert_allclose(gradient, found[name], rtol=1e-11, atol=1e-13, err_msg=name)


@every_case
def test_gates_are_pure(case: Case) -> None:
    rng = generator(case, 2)
    values = smooth(case.op, case.shapes, rng)
    g = np.array(rng.normal(size=step_of(case.op, values).output.shape))
    before = {name: value.copy() for name, value in values.items()}
    state = dict(vars(case.op))
    for value in (*values.values(), g):
        value.flags.writeable = False
    with np.errstate(all="raise"):
        outputs = [np.asarray(case.op.forward(*values.values())) for _ in range(2)]
        rules = [rules_of(case.op, g, outputs[0], values) for _ in range(2)]
    assert outputs[0].tobytes() == outputs[1].tobytes()
    for name, gradient in rules[0].items():
        assert gradient.tobytes() == rules[1][name].tobytes()
    assert all(np.array_equal(before[name], values[name]) for name in values)
    assert vars(case.op) == state


@every_case
def test_float32_stays_float32(case: Case) -> None:
    values = smooth(case.op, case.shapes, generator(case, 3))
    single = {name: value.astype(np.float32) for name, value in values.items()}
    output = np.asarray(case.op.forward(*single.values()))
    assert output.dtype == np.float32 or not values
    for name, gradient in rules_of(case.op, np.ones_like(output), output, single).items():
        assert gradient.dtype == np.float32, name


def in_torch(case: Case, arguments: Mapping[str, Any]) -> Any:
    """The same gate made of PyTorch: what it exports to, or its formula term by term."""
    import torch

    op, values = case.op, list(arguments.values())
    if op.name in IN_TORCH:
        return IN_TORCH[op.name](op.settings, *values)
    if path := op.exports.get("torch"):
        module, _, function = path.rpartition(".")
        return getattr(importlib.import_module(module), function)(*values)
    numbers = {k: v for k, v in op.settings.items() if isinstance(v, int | float)}
    tensors = {k: torch.tensor(v, dtype=torch.float64) for k, v in numbers.items()}
    return _evaluate_in_torch(parse(op.formula), {**tensors, **arguments})


def _evaluate_in_torch(expression: Expression, known: Mapping[str, Any]) -> Any:
    import torch

    signs: Mapping[str, Callable[[Any, Any], Any]] = {
        "+": torch.add,
        "-": torch.sub,
        "*": torch.mul,
        "/": torch.div,
        "^": torch.pow,
        "@": torch.matmul,
        "<": torch.lt,
        ">": torch.gt,
        "<=": torch.le,
        ">=": torch.ge,
        "==": torch.eq,
    }

    def visit(part: Expression, of: Any) -> Any:
        match part:
            case Number(value):
                return torch.tensor(value, dtype=torch.float64)
            case Name(name):
                return known[name].to(torch.float64) * 1
            case Negate():
                return -of[0]
            case Binary(sign) | Compare(sign):
                return signs[sign](*of)
            case Choice():
                return torch.where(of[1] != 0, of[0], of[2])
            case Call(function):
                return getattr(torch, function)(*of)
        raise TypeError(part)

    return fold(expression, visit)


class Reference(NamedTuple):
    """What PyTorch makes of some arguments: the output, and the gradients for an upstream g."""

    values: dict[str, Array]
    g: Array
    output: Array
    gradients: dict[str, Array]


def reference(case: Case, number: int) -> Reference:
    """PyTorch's answer in float64 to the case's smooth (even numbers) or kinky inputs (odd)."""
    import torch

    rng = generator(case, 100 + number)
    values = (kinky if number % 2 else smooth)(case.op, case.shapes, rng)
    asked = differentiable(case.op, values)
    tensors = {
        name: torch.tensor(value, requires_grad=name in asked) for name, value in values.items()
    }
    output = in_torch(case, tensors)
    g = rng.normal(size=tuple(output.shape))
    if output.grad_fn is not None:
        output.backward(torch.tensor(g))
    gradients = {
        name: (np.zeros(values[name].shape) if t.grad is None else t.grad.numpy())
        for name, t in tensors.items()
        if name in asked
    }
    return Reference(values, np.asarray(g), output.detach().numpy(), gradients)


def agrees(case: Case, wanted: Reference) -> None:
    """Fail unless the gate gives what PyTorch gave, where that is finite."""
    step = step_of(case.op, wanted.values)
    assert off(step.output, wanted.output) < TOLERANCE
    found = passed(step, wanted.g)
    # Where a probability is 0 or 1, PyTorch divides by 1e-12 rounded to float32.
    sure = np.isin(wanted.values.get("prediction", 0.5), (0.0, 1.0)).any()
    tolerance = 1e-8 if case.op.name == "binary_cross_entropy" and sure else TOLERANCE
    for name, gradient in wanted.gradients.items():
        have = found.get(name, np.zeros(gradient.shape))
        finite = np.isfinite(gradient)
        assert np.isfinite(have).all()
        assert off(have[finite], gradient[finite]) < tolerance, name


@every_case
@pytest.mark.torch
def test_torch_agrees(case: Case) -> None:
    for number in range(INPUTS):
        agrees(case, reference(case, number))


def stored() -> dict[str, Reference]:
    """PyTorch's answers as kept for machines without it, by case and number."""
    found: dict[str, Reference] = {}
    with np.load(REFERENCE, allow_pickle=False) as arrays:
        index, numbers, at = json.loads(str(arrays["index"])), arrays["numbers"], 0
    for key, shapes in index.items():
        parts = {}
        for name, shape in shapes.items():
            parts[name] = numbers[at : at + math.prod(shape)].reshape(shape)
            at += math.prod(shape)
        found[key] = Reference(
            {name[2:]: part for name, part in parts.items() if name.startswith("x.")},
            parts["g"],
            parts["y"],
            {name[2:]: part for name, part in parts.items() if name.startswith("d.")},
        )
    return found


def test_stored_answers_agree() -> None:
    answers, seen = stored(), set()
    for case in CASES:
        for number in range(STORED):
            if (key := f"{case}|{number}") in answers:
                agrees(case, answers[key])
                seen.add(key)
    assert seen == set(answers), "run: python -m tests.engine.reference.make"


@pytest.mark.torch
def test_stored_answers_are_complete() -> None:
    keys = {f"{case}|{number}" for case in CASES for number in range(STORED)}
    assert keys == set(stored()), "run: python -m tests.engine.reference.make"
