"""What is kept of the way of a training."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bpstudio.engine.op import Array
from bpstudio.engine.ops.activation import ReLU, Softmax, Tanh
from bpstudio.engine.run import Step
from bpstudio.training.trail import MOST, Activity, Glance, Trail, activity, ratio, spread


def at(step: int) -> Glance:
    return Glance(step, {}, {}, {}, {})


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=900))
def test_a_trail_is_bounded_ordered_and_keeps_both_ends(gaps: list[int]) -> None:
    steps = np.cumsum(gaps).tolist()
    trail = Trail()
    for step in steps:
        trail = trail.taken(at(step))
    kept = trail.steps.tolist()
    assert len(kept) <= MOST
    assert kept == sorted(set(kept))
    assert (kept[0], kept[-1]) == (steps[0], steps[-1])


def test_a_long_trail_lies_evenly() -> None:
    trail = Trail()
    for step in range(10_000):
        trail = trail.taken(at(step))
    assert len(trail) > MOST // 3
    assert trail.widest_gap(9_999) < 10_000 / 20


def test_whoever_goes_back_walks_anew_from_there() -> None:
    trail = Trail()
    for step in (0, 10, 20, 30):
        trail = trail.taken(at(step))
    assert trail.taken(at(15)).steps.tolist() == [0, 10, 15]
    assert trail.until(20).steps.tolist() == [0, 10, 20]
    assert trail.widest_gap(70) == 40


def test_quantiles_give_back_a_histogram() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    edges = np.linspace(-3, 3, 13)
    true = np.histogram(values, edges)[0] / len(values)
    assert np.abs(spread(values).counts(edges) - true).max() < 0.03
    assert spread(values).norm == np.sqrt((values**2).sum())


def test_equal_numbers_lie_in_one_bin() -> None:
    counts = spread(np.full(7, 0.5)).counts(np.linspace(0, 1, 5))
    assert counts.tolist() == [0, 0, 1, 0]
    assert spread(np.array([np.nan, 1.0])).counts(np.linspace(0, 1, 5)).sum() == 0


def test_an_activation_tells_how_much_gradient_it_lets_through() -> None:
    x = np.array([[-1.0, 2.0, -3.0], [-2.0, -2.0, 4.0]])
    assert relu_of(x).flat == 4 / 6
    assert relu_of(x).dead == 1 / 3
    far = np.array([[5.0, 0.0]])
    tanh = activity(Step("t", Tanh(), {}, {"x": far}, np.tanh(far)))
    assert tanh is not None and (tanh.flat, tanh.dead) == (0.5, 0.5)


def test_an_output_that_depends_on_its_neighbours_has_no_slope_of_its_own() -> None:
    x = np.array([[1.0, 2.0, 4.0]])
    assert activity(Step("s", Softmax(), {}, {"x": x}, Softmax().forward(x))) is None


def relu_of(x: Array) -> Activity:
    found = activity(Step("r", ReLU(), {}, {"x": x}, np.maximum(x, 0)))
    assert found is not None
    return found


def test_the_ratio_is_of_the_update_to_its_weight() -> None:
    glance = Glance(1, {"a": spread(np.array([3.0, 4.0]))}, {}, {"a": spread(np.array([0.05]))}, {})
    assert ratio(glance, "a") == 0.01
