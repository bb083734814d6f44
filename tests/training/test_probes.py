"""Pictures show what the network computes, at the points where they say they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.graph import Graph, put
from bpstudio.training.probes import (
    Plane,
    Unseen,
    look,
    plane_of,
    summary,
    view,
    views_of_units,
    visible,
)

if TYPE_CHECKING:
    from tests.training.conftest import Network


def test_points_are_the_middles_of_the_cells_lowest_line_first() -> None:
    plane = Plane((0.0, 10.0), (2.0, 14.0), 2)
    assert plane.points.tolist() == [[0.5, 11], [1.5, 11], [0.5, 13], [1.5, 13]]
    assert Plane((0.0,), (4.0,), 2).points.tolist() == [[1], [3]]


def test_a_plane_is_a_square_around_the_data() -> None:
    plane = plane_of(np.array([[0.0, 1.0], [4.0, 2.0]]), cells=10, margin=0.25)
    assert plane == Plane((-1.0, -1.5), (5.0, 4.5), 10)
    single = plane_of(np.array([[3.0, 3.0]]))
    assert isinstance(single, Plane)
    assert single.low == (2, 2)


def test_what_can_not_be_shown_says_why() -> None:
    for features in (np.zeros((5, 3)), np.zeros((5, 8, 8)), np.zeros((0, 2))):
        found = plane_of(features)
        assert isinstance(found, Unseen)
        assert "one or two" in str(found.reason)
    assert "3" in str(Unseen(plane_of(np.zeros((5, 3))).reason).reason)  # type: ignore[union-attr]


def test_views_are_the_outputs_of_the_run(network: Network) -> None:
    job = network(toys.make("moons", points=40), (5, 3, 1))
    plane = plane_of(job.given["data1.rows"], cells=50)
    assert isinstance(plane, Plane)
    views = views_of_units(job.graph, {}, job.given_shapes, plane)
    given = {"data1.rows": plane.points}
    steps = list(run.forward(job.graph, given, job.weights, ancestors_of="sigmoid3"))
    assert set(views) == {step.node for step in steps}
    for step in steps:
        found = views[step.node](job.weights)
        assert found.dtype == np.float32
        assert found.shape == (2500, step.output.shape[1])
        assert np.allclose(found, step.output, atol=1e-5)


def test_one_look_is_what_views_show(network: Network) -> None:
    job = network(toys.make("moons", points=40), (5, 3, 1))
    plane = plane_of(job.given["data1.rows"], cells=20)
    assert isinstance(plane, Plane)
    views = views_of_units(job.graph, {}, job.given_shapes, plane)
    seen = look(job.graph, {}, job.weights, list(views)[::-1], plane.points)
    assert set(seen) == set(views)
    for id, shown in views.items():
        assert seen[id].shape == (400, shown(job.weights).shape[1])
        assert np.allclose(seen[id], shown(job.weights), atol=1e-5)


def test_a_view_follows_the_weights_and_the_network(network: Network) -> None:
    job = network()
    points = np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32)
    shown = view(job.graph, {}, job.given_shapes, "dense1", points)
    zero = {key: np.zeros_like(value) for key, value in job.weights.items()}
    before = shown(job.weights)
    assert not shown(zero).any()
    assert np.array_equal(shown(job.weights), before)
    titled = put(job.graph, replace(job.graph["dense1"], title="Layer"))
    again = view(titled, {}, job.given_shapes, "dense1", points)
    assert np.array_equal(again(job.weights), before)
    relu = network(activation="relu")
    other = view(relu.graph, {}, relu.given_shapes, "relu1", points)
    assert np.allclose(other(job.weights), np.maximum(before, 0))


def test_only_what_features_reach_and_targets_do_not_is_visible(network: Network) -> None:
    assert visible(network().graph) == ("data1", "dense1", "tanh1", "dense2", "sigmoid2")
    assert visible(Graph()) == ()


def test_summary_of_a_weight() -> None:
    found = summary(np.array([[-1.0, 0.0], [1.0, 3.0]]), bins=4)
    assert (found.low, found.high, found.mean) == (-1, 3, 0.75)
    assert found.norm == pytest.approx(np.sqrt(11))
    assert found.counts.tolist() == [1, 1, 1, 1]
    assert summary(np.array(2.0)).counts.sum() == 1
