"""Random graphs of the whole catalog: plan against run, and run against PyTorch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pytest

from bpstudio.engine import emit, layout, run
from bpstudio.engine.op import Kind
from tests.conftest import TORCH_IS_INSTALLED
from tests.engine.random_graphs import (
    GATES,
    LEAST,
    MOST,
    error_of_plan,
    error_of_torch,
    random_graph,
    recorded,
)
from tests.engine.test_plan import ROWS, Network

GRAPHS, AT_ONCE, FOR_LONG = 3_000, 1_000, 100_000
ALWAYS, NEARLY_ALWAYS = 1e-9, 1e-11
"""Below the second are 999 of 1,000 graphs, counted over all graphs of a run."""


class Ready(NamedTuple):
    """A random graph with the node of its loss, and what `run` makes of it."""

    seed: int
    network: Network
    loss: str
    recording: run.Recording


def ready(seed: int) -> Ready:
    """The random graph of that seed, run once."""
    network, loss = random_graph(seed)
    return Ready(seed, network, loss, recorded(network, loss))


@pytest.fixture(scope="module", params=range(0, GRAPHS, AT_ONCE))
def graphs(request: pytest.FixtureRequest) -> list[Ready]:
    """A thousand graphs, made once for all that is asked of them."""
    return [ready(seed) for seed in range(request.param, request.param + AT_ONCE)]


def of_plan(graph: Ready, monkeypatch: pytest.MonkeyPatch) -> float:
    """How far its plan is off; every other one as if it were large, so written in place."""
    monkeypatch.setattr(layout, "IN_PLACE", 0 if graph.seed % 2 else 2048)
    monkeypatch.setattr(emit, "ROWS_APART", 0 if graph.seed % 2 else 4096)
    return error_of_plan(graph.network, graph.loss, graph.recording)


def require_small(errors: Iterable[tuple[int, float]]) -> None:
    """Fail with the seeds of graphs that are too far off, one in a thousand of these."""
    known = dict(errors)
    larger = less_small(known)
    assert len(larger) <= len(known) // 1000, larger


def less_small(errors: Mapping[int, float]) -> dict[int, float]:
    """Those that are not as small as nearly all are; fail where one is not even small."""
    assert not {seed: error for seed, error in errors.items() if not error < ALWAYS}
    return {seed: error for seed, error in errors.items() if not error < NEARLY_ALWAYS}


@pytest.fixture(scope="module")
def less_small_so_far() -> Mapping[str, dict[int, float]]:
    """The graphs of the long run that are less small than nearly all, of plans and of PyTorch."""
    return {"plan": {}, "torch": {}}


def test_plans_do_what_run_does(graphs: list[Ready], monkeypatch: pytest.MonkeyPatch) -> None:
    require_small((graph.seed, of_plan(graph, monkeypatch)) for graph in graphs)


@pytest.mark.torch
def test_runs_are_as_pytorch_has_them(graphs: list[Ready]) -> None:
    require_small((graph.seed, error_of_torch(graph.recording, graph.loss)) for graph in graphs)


def test_the_random_graphs_have_what_makes_them_hard(graphs: list[Ready]) -> None:
    nets = [graph.network.graph for graph in graphs]
    used = Counter(node.op.name for net in nets for node in net.nodes.values())
    assert all(used[name] >= 3 for name in GATES), [n for n in GATES if used[n] < 3]
    sizes = [len(net.nodes) for net in nets]
    assert min(sizes) >= LEAST and 40 < max(sizes) <= MOST and np.mean(sizes) > 12
    forks = [sum(len(readers) > 1 for readers in net.readers.values()) for net in nets]
    shared = [
        sum(len(net.readers[id]) > 1 and n.op.name == "parameter" for id, n in net.nodes.items())
        for net in nets
    ]
    ranks = [max(len(s.array(ROWS)) for s in g.network.outputs.values()) for g in graphs]
    reached = [len(graph.recording.forward) / len(graph.network.nodes) for graph in graphs]
    assert sum(forks) > 1000 and sum(shared) > 100
    assert sum(rank > 2 for rank in ranks) > 200
    assert 500 < sum(net.has_batch for net in nets) < 950
    assert sum(bool(net.keys(Kind.NOISE)) for net in nets) > 30
    assert np.mean(reached) > 0.99


@pytest.mark.long
@pytest.mark.torch
@pytest.mark.parametrize("first", range(GRAPHS, FOR_LONG, AT_ONCE))
def test_a_hundred_thousand_random_graphs(
    first: int,
    less_small_so_far: Mapping[str, dict[int, float]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All three where PyTorch is; `test_plans_of_a_hundred_thousand` where it is not."""
    made = [ready(seed) for seed in range(first, first + AT_ONCE)]
    errors = {
        "plan": {graph.seed: of_plan(graph, monkeypatch) for graph in made},
        "torch": {graph.seed: error_of_torch(graph.recording, graph.loss) for graph in made},
    }
    for of, known in errors.items():
        less_small_so_far[of].update(less_small(known))
    assert all(len(seeds) <= FOR_LONG // 1000 for seeds in less_small_so_far.values())


@pytest.mark.long
@pytest.mark.skipif(TORCH_IS_INSTALLED, reason="compared above, together with PyTorch")
@pytest.mark.parametrize("first", range(GRAPHS, FOR_LONG, AT_ONCE))
def test_plans_of_a_hundred_thousand(
    first: int,
    less_small_so_far: Mapping[str, dict[int, float]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = (ready(seed) for seed in range(first, first + AT_ONCE))
    errors = {graph.seed: of_plan(graph, monkeypatch) for graph in made}
    less_small_so_far["plan"].update(less_small(errors))
    assert len(less_small_so_far["plan"]) <= FOR_LONG // 1000
