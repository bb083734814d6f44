"""Why a gradient is what it is: its paths multiply out and add up, and its entries are sums."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bpstudio import language
from bpstudio.engine.op import Array, catalog
from bpstudio.engine.places import Place
from bpstudio.engine.run import Recording, pull_back
from bpstudio.errors import StudioError
from bpstudio.playback import digits, reasons
from bpstudio.playback.equations import Spans
from bpstudio.playback.patterns import Pattern, pattern_of, swapped
from bpstudio.playback.terms import expansion, terms
from bpstudio.playback.timeline import Timeline
from bpstudio.playback.why import Question, Why, gradient_at, strongest, why
from tests.engine.test_acceptance import EXAMPLES, recorded
from tests.playback.drawing import alone, network, neuron, of_formula, timeline

every_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
GATES = [name for name, op in catalog.items() if op.category not in ("source", "missing")]


@pytest.fixture(params=["en", "ko"])
def tongue(request: pytest.FixtureRequest) -> Iterator[str]:
    language.set_language(request.param)
    yield request.param
    language.set_language("en")


def places(recording: Recording) -> Iterator[tuple[Place, Array]]:
    """Everything that has a gradient: nodes, wires, and weights that layers own."""
    for node, gradient in recording.gradients.items():
        yield (node, "", 0), gradient
    for wire, gradient in recording.contributions.items():
        yield wire, gradient
    for key, gradient in recording.weight_gradients.items():
        node, _dot, port = key.partition(".")
        yield (node, port, 0), gradient


def near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)


@every_example
def test_the_paths_add_up_to_every_gradient(example: Mapping[str, Any]) -> None:
    run = recorded(example)
    for place, gradient in places(run):
        for entry in np.ndindex(gradient.shape):
            found = why(run, place, entry, most=3)
            assert near(found.total, found.gradient), (place, entry)
            shown = sum(path.product for path in found.paths)
            assert near(shown + found.rest, gradient[entry].item()), (place, entry)
            sizes = [abs(path.product) for path in found.paths]
            assert sizes == sorted(sizes, reverse=True)


def every_path(recording: Recording, node: str) -> list[float]:
    """The products of all paths to a node of single numbers, one by one."""
    steps = {step.node: step for step in recording.forward}
    brought = [wire for wire in recording.contributions if source(recording, wire) == node]
    if not brought:
        return [recording.gradients[node].item()]
    found = []
    for wire in brought:
        step = steps[wire[0]]
        local = pull_back(step, np.ones_like(step.output))[wire[1]][wire[2]].item()
        found += [local * beyond for beyond in every_path(recording, wire[0])]
    return found


def source(recording: Recording, wire: Place) -> str:
    return recording.graph[wire[0]].sources[wire[1]][wire[2]]


def test_the_strongest_paths_are_the_strongest_of_all() -> None:
    project = of_formula("(x*y + tanh(x)*z) * (x + y*z) + x*x*y", x=0.7, y=-1.3, z=0.4)
    run = timeline(project).recording
    for node in ("x", "y", "z"):
        everything = every_path(run, node)
        found = why(run, (node, "", 0), most=4)
        assert found.count == len(everything)
        assert found.others == max(0, len(everything) - 4)
        best = sorted(everything, key=lambda product: -abs(product))[:4]
        assert [path.product for path in found.paths] == pytest.approx(best)
        assert near(found.total, sum(everything))


def test_more_paths_than_anybody_could_list_are_counted() -> None:
    text = "x"
    for _stage in range(6):
        text = f"(tanh({text}) + sigmoid({text}))"
    run = timeline(of_formula(text, x=0.3)).recording
    found = why(run, ("x", "", 0))
    assert found.count == len(every_path(run, "x"))
    assert len(found.paths) == 6
    assert near(found.total, run.gradients["x"].item())


def test_a_path_names_its_wires_from_the_loss_to_the_number() -> None:
    line = timeline(neuron())
    found = why(line.recording, ("x1", "", 0))
    (path,) = found.paths
    assert path.wires[0] == (line.recording.graph.objective, "x", 0)
    assert source(line.recording, path.wires[-1]) == "x1"
    for beyond, wire in zip(path.wires, path.wires[1:], strict=False):
        assert source(line.recording, beyond) == wire[0]
    assert reasons.route(line, found, path) == "1/x ← +1 ← exp ← ×(−1) ← + ← + ← × ← x1"
    assert reasons.title(line, Question(("x1", "", 0))) == "Why is the gradient of x1 −0.59?"


def test_a_wire_has_the_paths_that_begin_along_it() -> None:
    run = recorded(EXAMPLES["E06_staged"])
    wires = [wire for wire in run.contributions if source(run, wire) == "x"]
    parts = [why(run, wire) for wire in wires]
    assert len(wires) > 1
    whole = why(run, ("x", "", 0))
    assert sum(part.count for part in parts) == whole.count
    assert near(sum(part.total for part in parts), whole.total)


def test_the_weights_of_layers_have_paths_through_rows_and_units() -> None:
    run = timeline(network()).recording
    found = why(run, ("dense1", "bias", 0), (3,))
    assert found.count == 4, "one for each row"
    assert {hop.entry for path in found.paths for hop in path.hops if hop.wire[0] == "dense1"} == {
        (row, 3) for row in range(4)
    }


def test_nothing_is_said_of_what_no_gradient_reaches() -> None:
    run = timeline(of_formula("(x + y) * z", x=1, y=2, z=3)).recording
    with pytest.raises(StudioError, match="No gradient reaches x"):
        why(replace(run, backward=run.backward[:1]), ("x", "", 0))


@pytest.mark.parametrize("name", GATES)
def test_every_entry_is_a_sum_of_upstream_times_local(name: str) -> None:
    run = timeline(alone(catalog[name]())).recording
    for place, gradient in places(run):
        entries = list(np.ndindex(gradient.shape))[:: max(1, gradient.size // 5)]
        for entry in entries:
            found = why(run, place, entry)
            assert near(found.total, gradient[entry].item()), (place, entry)
            if place[1] or place[0] != "gate":
                together = sum(term.product for term in terms(run, place, entry))
                assert near(together, gradient[entry].item()), (place, entry)


def read_product(spans: Spans) -> tuple[float, float]:
    """The result of a written product, and what its factors come to."""
    numbers = [digits.read(s.text.strip("()")) for s in spans if s.role != "text"]
    return numbers[0], math.prod(numbers[1:])


def read_sum(spans: Spans) -> tuple[float, float]:
    """The result of a written sum of products, and what it comes to."""
    result, whole, upstream = math.nan, 0.0, math.nan
    for span in spans:
        if span.role == "gradient" and not span.text.startswith("∂"):
            number = digits.read(span.text.strip("()"))
            if math.isnan(result):
                result = number
            else:
                whole += number
        elif span.role == "upstream":
            upstream = digits.read(span.text.strip("()"))
        elif span.role == "local":
            whole += upstream * digits.read(span.text.strip("()"))
    return result, whole


def agrees(result: float, whole: float, size: float) -> bool:
    """To half a unit of two decimals, or to what four figures of numbers of that size can tell."""
    return abs(result - whole) <= max(0.0051, 4e-3 * size)


@every_example
def test_what_is_written_multiplies_out_and_adds_up(
    example: Mapping[str, Any], tongue: str
) -> None:
    line = Timeline(recorded(example))
    for place, gradient in places(line.recording):
        entry = strongest(gradient)
        answer = why(line.recording, place, entry)
        assert reasons.counted(answer)
        largest = max((abs(path.product) for path in answer.paths), default=0.0)
        for path in answer.paths:
            result, product = read_product(reasons.product(path))
            assert agrees(result, product, abs(product)), (tongue, place)
        result, whole = read_sum(reasons.total(answer))
        assert agrees(result, whole, largest), (tongue, place)
        for spans in expansion(line, place, entry, 8):
            result, whole = read_sum(spans)
            assert agrees(result, whole, largest), (tongue, place, spans)


def test_an_entry_of_a_weight_is_written_as_the_sum_over_the_rows() -> None:
    line = timeline(network())
    (spans,) = expansion(line, ("dense1", "weight", 0), (0, 2))
    text = "".join(span.text for span in spans)
    assert text == "∂weight[1, 3] = 0.03674 = 0.0822 × 1.00 + (−0.04546) × 1.00"


def test_others_are_told_by_their_number_and_their_sum() -> None:
    answer: Why = why(timeline(network()).recording, ("data1", "", 0), (1, 0), most=2)
    assert answer.count > 2
    assert reasons.others(answer) == f"{answer.count - 2} others"
    assert reasons.counted(answer).startswith(f"{answer.count} paths lead here")


def test_patterns_are_read_off_the_rules_of_gates() -> None:
    names = {
        pattern: {name for name in GATES if pattern_of(catalog[name]()) is pattern}
        for pattern in Pattern
    }
    assert names[Pattern.DISTRIBUTE] == {"add", "subtract"}
    assert {"multiply", "matmul", "dense", "dot", "outer"} <= names[Pattern.SWAP]
    assert {"max", "min", "relu", "where", "clip"} <= names[Pattern.ROUTE]
    assert swapped(catalog["dense"]()) == (("x", "weight"), ("weight", "x"))
    assert pattern_of(catalog["divide"]()) is None


def test_a_gradient_is_found_wherever_it_is() -> None:
    run = timeline(network()).recording
    same = gradient_at(run, ("dense1", "weight", 0))
    assert same is not None
    assert np.array_equal(same, run.weight_gradients["dense1.weight"])
    assert gradient_at(run, ("dense1", "nothing", 0)) is None
