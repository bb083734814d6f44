"""Points drawn by hand: each gesture is a new set, and the old one stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.data import drawn
from bpstudio.data.tables import parse
from bpstudio.data.toys import make


def test_what_can_be_drawn_on() -> None:
    for name in ("xor", "moons", "sine", "curve"):
        assert drawn.drawable(make(name)), name
    for name in ("iris", "plane", "digits"):
        assert not drawn.drawable(make(name)), name
    assert drawn.drawable(drawn.blank())


def test_a_brushed_point_is_one_more_to_train_on() -> None:
    before = make("moons")
    after = drawn.brushed(before, (0.25, -0.5), 1)
    assert len(after) == len(before) + 1
    assert after.features[-1].tolist() == [0.25, -0.5]
    assert after.answers[-1] == 1
    assert after.answers.dtype == before.answers.dtype
    assert not after.held_out[-1]
    assert np.array_equal(after.held_out[:-1], before.held_out)
    assert after.classes == before.classes
    assert (after.name, dict(after.recipe)) == ("drawn", {})
    assert (before.name, len(before)) == ("moons", 300)


def test_over_one_input_the_height_is_the_value_to_learn() -> None:
    after = drawn.brushed(make("sine"), (0.25, 3.0))
    assert after.features[-1].tolist() == [0.25]
    assert after.answers[-1].tolist() == [3.0]
    further = drawn.moved(after, 100, (0.5, 2.0))
    assert further.features[-1].tolist() == [0.5]
    assert further.answers[-1].tolist() == [2.0]


def test_the_eraser_takes_what_lies_in_its_ellipse() -> None:
    data = make("xor")
    assert len(drawn.erased(data, (0.0, 0.9), (0.2, 0.2))) == 3
    assert len(drawn.erased(data, (0.5, 1.0), (0.6, 0.1))) == 2
    assert drawn.erased(data, (0.5, 0.5), (0.2, 0.2)) is data


@pytest.mark.parametrize("name", ["xor", "moons", "sine"])
def test_the_last_point_to_train_on_stays(name: str) -> None:
    data = make(name)
    left = drawn.erased(data, (0.0, 0.0), (99.0, 99.0))
    assert len(left) == 1
    assert left.training_rows.tolist() == [0]
    assert drawn.erased(left, (0.0, 0.0), (99.0, 99.0)) is left


def test_a_moved_point_keeps_its_row_and_class() -> None:
    data = make("xor")
    after = drawn.moved(data, 2, (0.5, 0.75))
    assert after.features.tolist() == [[0, 0], [0, 1], [0.5, 0.75], [1, 1]]
    assert np.array_equal(after.answers, data.answers)
    assert data.features[2].tolist() == [1, 0]


def test_a_table_that_is_drawn_on_keeps_its_name() -> None:
    table = parse("a,b,kind\n1,2,x\n3,4,y\n", "mine")
    assert drawn.moved(table, 0, (0.0, 0.0)).name == "mine"
    assert drawn.moved(make("xor"), 0, (0.0, 0.0)).name == "drawn"
