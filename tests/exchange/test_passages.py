"""The map from steps to lines of the scripts: whole, and true to what the lines say."""

from __future__ import annotations

import re

import pytest

from bpstudio import resources
from bpstudio.data import toys
from bpstudio.exchange import numpy_code, torch_code
from bpstudio.exchange.files import Files
from bpstudio.exchange.passages import Passage, Span, laid_out
from bpstudio.exchange.program import program
from bpstudio.playback.timeline import BACKWARD, CLEAR, FORWARD, UPDATE, Timeline
from bpstudio.project import build, file
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project

EXAMPLES = sorted(path.stem for path in resources.path("examples").glob("*.bps"))


def example(name: str) -> Project:
    return file.load(resources.path("examples", f"{name}.bps"))


def lines_of(files: Files, span: Span) -> str:
    return "\n".join(files.main.decode().split("\n")[span.first - 1 : span.last])


def own(files: Files, phase: str, node: str) -> list[str]:
    return [
        lines_of(files, s) for s in files.spans if (s.phase, s.node, s.shared) == (phase, node, 0)
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_step_of_an_iteration_has_its_lines_in_numpy(name: str) -> None:
    project = example(name)
    files = numpy_code.write(program(project))
    there = {(span.phase, span.node) for span in files.spans if not span.shared}
    shared = {(span.phase, span.node) for span in files.spans if span.shared}
    # A script works out no gradient on the way from the data to the first weight.
    learned = {key.partition(".")[0] for key in project.weights}
    before: set[str] = set()
    for node in project.graph.ordered:
        fed = {source for ids in node.sources.values() for source in ids}
        if node.op.name == "data" or (fed and fed <= before and node.id not in learned):
            before.add(node.id)
    assert before - {"data1"} == ({"reshape1"} if name == "digits-convolution" else set())
    idle = {(BACKWARD, id) for id in before - {"data1"}}
    for moment in Timeline(iteration(project)).moments:
        if moment.phase == UPDATE:
            assert (UPDATE, "") in there
        elif moment.phase != CLEAR and (moment.phase, moment.node) not in idle:
            assert (moment.phase, moment.node) in there & shared


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_step_forward_has_its_line_in_pytorch(name: str) -> None:
    project = example(name)
    files = torch_code.write(program(project))
    for moment in Timeline(iteration(project)).moments:
        if moment.phase == FORWARD:
            assert len(own(files, FORWARD, moment.node)) == 1
    assert all(".backward()" in line for line in own(files, BACKWARD, ""))
    assert own(files, BACKWARD, "")


def test_a_line_calls_the_gate_that_it_is_of() -> None:
    files = numpy_code.write(program(example("gate-patterns")))
    for node in ("multiply1", "max1", "add1", "f"):
        (forward,) = own(files, FORWARD, node)
        assert f"self.{node}.forward(" in forward
        assert f"self.{node}.backward(" in own(files, BACKWARD, node)[0]


def test_where_streams_meet_the_sum_belongs_to_the_step() -> None:
    files = numpy_code.write(program(example("fork")))
    sums = [span for span in files.spans if "gradients add up" in lines_of(files, span)]
    assert [span.phase for span in sums] == [BACKWARD]
    assert f"self.{sums[0].node}.backward(" in own(files, BACKWARD, sums[0].node)[0]


def test_nodes_of_one_kind_share_the_lines_of_their_class() -> None:
    files = numpy_code.write(program(build.network(toys.make("xor"), (2, 4, 1))))
    shared = {s.node: s for s in files.spans if s.shared and s.phase == BACKWARD}
    assert shared["dense1"][2:] == shared["dense2"][2:] != shared["tanh1"][2:]
    assert lines_of(files, shared["dense1"]).lstrip().startswith("def backward(self, g):")


def test_the_update_is_where_weights_change() -> None:
    project = program(build.network(toys.make("xor"), (2, 4, 1)))
    (line,) = own(numpy_code.write(project), UPDATE, "")
    assert re.search(r"graph\.weights\[name\] = .* \* gradient", line)
    assert own(torch_code.write(project), UPDATE, "")[0].strip() == "optimizer.step()"


def test_lines_are_counted_through_parts_and_passages_of_several_lines() -> None:
    text, spans = laid_out(
        [["a\nb", Passage("c\nd", FORWARD, ("x", "y"))], [Passage("e", UPDATE), "f"]]
    )
    assert text == "a\nb\nc\nd\n\n\ne\nf\n"
    assert spans == (
        Span(FORWARD, "x", 3, 4, False),
        Span(FORWARD, "y", 3, 4, False),
        Span(UPDATE, "", 7, 7, False),
    )
