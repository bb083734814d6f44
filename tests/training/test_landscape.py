"""The loss around some weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpstudio.training.landscape import (
    PATH,
    RANDOM,
    Landscape,
    loss_at,
    path_directions,
    random_directions,
    surveying,
)
from bpstudio.training.measure import measure

if TYPE_CHECKING:
    from tests.training.conftest import Network


def last(found: Iterator[Landscape]) -> Landscape:
    *_, end = found
    return end


def test_the_middle_is_the_loss_of_the_weights_themselves(network: Network) -> None:
    job = network()
    found = last(surveying(job, np.zeros((0, 17)), RANDOM, seed=1, cells=9))
    assert found.losses[4, 4] == pytest.approx(measure(job, job.weights, 0).loss, abs=1e-12)
    assert found.done == 1.0
    assert (found.x, found.y) == ((-1, 1), (-1, 1))


def test_random_directions_are_as_long_as_the_filters_they_change(network: Network) -> None:
    weights = network().weights
    plane = random_directions(weights, seed=3)
    begin = 0
    for key, weight in weights.items():
        piece = plane.first[begin : begin + weight.size].reshape(weight.shape)
        begin += weight.size
        if weight.ndim == 2:
            lengths = np.linalg.norm(piece, axis=0)
            np.testing.assert_allclose(lengths, np.linalg.norm(weight, axis=0), err_msg=key)
        else:
            assert not piece.any()
    again = random_directions(weights, seed=3)
    np.testing.assert_array_equal(again.second, plane.second)


def test_a_path_in_a_plane_is_seen_whole(network: Network) -> None:
    weights = {"a": np.zeros((2, 3))}
    draw = np.random.default_rng(0)
    true = np.linalg.qr(draw.normal(size=(6, 2)))[0].T
    places = draw.normal(size=(30, 2))
    plane = path_directions(weights, places @ true, seed=0)
    assert plane.share == pytest.approx(1.0)
    back = plane.places(places @ true)
    rebuilt = back @ np.stack([plane.first, plane.second])
    np.testing.assert_allclose(rebuilt, places @ true, atol=1e-9)


def test_the_path_ends_in_the_middle_and_is_in_sight(network: Network) -> None:
    job = network()
    end = np.concatenate([w.ravel() for w in job.weights.values()])
    path = end + np.linspace(1, 0, 5)[:, None] * np.arange(len(end))
    found = last(surveying(job, path, PATH, seed=0, cells=5))
    np.testing.assert_allclose(found.path[-1], 0, atol=1e-9)
    assert found.x[0] < found.path[:, 0].min() and found.path[:, 0].max() < found.x[1]


def test_lines_come_one_after_the_other_and_what_overflows_is_infinite(network: Network) -> None:
    job = network()
    shares = [f.done for f in surveying(job, np.zeros((0, 17)), RANDOM, seed=1, cells=4)]
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert loss_at(job, np.full(17, np.nan)) == np.inf
