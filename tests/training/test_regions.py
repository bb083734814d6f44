"""Regions of a decision counted as one counts them by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.engine.op import Array
from bpstudio.training.regions import boundary_length, classes_of, region_count


def by_hand(classes: Array) -> int:
    """Regions filled one after the other, cell by cell."""
    left = {(i, j) for i in range(classes.shape[0]) for j in range(classes.shape[1])}
    count = 0
    while left:
        count += 1
        edge = [left.pop()]
        while edge:
            i, j = edge.pop()
            for near in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
                if near in left and classes[near] == classes[i, j]:
                    left.remove(near)
                    edge.append(near)
    return count


@pytest.mark.parametrize("seed", range(20))
def test_regions_are_counted_as_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2 + seed % 3, (4 + seed, 17))
    assert region_count(classes) == by_hand(classes)


def test_a_spiral_is_one_region_however_long_it_is() -> None:
    turns = np.zeros((41, 41), int)
    low, high = 0, 40
    while low < high:
        turns[low, low : high + 1] = turns[low : high + 1, high] = 1
        turns[high, low + 2 : high + 1] = turns[low + 2 : high + 1, low + 2] = 1
        low, high = low + 4, high - 4
    assert region_count(turns) == by_hand(turns)
    assert region_count(np.zeros((30, 30), int)) == 1


def test_the_length_of_a_boundary_is_the_number_of_edges() -> None:
    halves = np.zeros((5, 6), int)
    halves[:, 3:] = 1
    assert boundary_length(halves) == 5
    board = np.indices((4, 4)).sum(axis=0) % 2
    assert (boundary_length(board), region_count(board)) == (24, 16)


def test_one_output_says_the_class_by_its_side_and_several_by_the_largest() -> None:
    one = np.array([[0.4], [0.5], [0.6], [0.1]])
    assert classes_of(one, 2, 0.5).tolist() == [[0, 1], [1, 0]]
    assert classes_of(one, 2, 0.0).tolist() == [[1, 1], [1, 1]]
    several = np.eye(3)[[0, 2, 1, 1]]
    assert classes_of(several, 2, 0.5).tolist() == [[0, 2], [1, 1]]
