"""What a project asks of training and prediction, and what becomes of the answer."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine import formula
from bpstudio.errors import GraphError, ShapeError
from bpstudio.project import build, edits, file
from bpstudio.project.gates import gate
from bpstudio.project.project import Project
from bpstudio.project.runs import job, landed, measured, predict
from bpstudio.training.trainer import train_now

SPIRAL = build.network(toys.make("spiral", points=60, arms=3), (2, 6, 3))


def test_training_goes_on_after_opening_as_if_it_had_not_stopped() -> None:
    whole = train_now(job(SPIRAL, 30)).losses
    half = landed(SPIRAL, train_now(job(SPIRAL, 13)))
    opened = file.from_bytes(file.to_bytes(half))
    assert opened.trained.steps == 13
    rest = train_now(job(opened, 17))
    np.testing.assert_array_equal(rest.losses, whole[13:])
    np.testing.assert_array_equal(landed(opened, rest).trained.losses, whole)


def test_reset_gives_the_same_losses_again() -> None:
    first = train_now(job(SPIRAL, 10))
    again = train_now(job(edits.reset(landed(SPIRAL, first)), 10))
    np.testing.assert_array_equal(again.losses, first.losses)


def test_a_changed_network_takes_no_result_of_the_old_one() -> None:
    result = train_now(job(SPIRAL, 2))
    with pytest.raises(GraphError, match="changed while it was training"):
        landed(edits.set_setting(SPIRAL, "dense1", "units", 5), result)


def test_a_network_that_is_not_whole_is_no_job() -> None:
    with pytest.raises(GraphError, match="has nothing at its port"):
        job(edits.remove_nodes(SPIRAL, ["dense1"]))


def test_rows_kept_for_testing_are_measured_apart() -> None:
    found = measured(SPIRAL)
    assert SPIRAL.data is not None
    assert len(SPIRAL.data.test_rows) == 12
    assert found.test_loss is not None
    assert found.test_loss != found.loss
    xor = measured(build.network(toys.make("xor"), (2, 4, 1)))
    assert xor.test_loss is None
    assert xor.accuracy in (0.25, 0.5, 0.75, 1.0)


def test_predictions_are_the_answers_for_rows() -> None:
    rows = np.array([[0.0, 1.0], [0.5, -0.5]])
    answers = predict(SPIRAL, rows)
    assert answers.shape == (2, 3)
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    np.testing.assert_allclose(predict(SPIRAL, rows[1:]), answers[1:], rtol=1e-12)
    with pytest.raises(ShapeError, match="3 numbers each, but the network reads 2"):
        predict(SPIRAL, np.zeros((1, 3)))
    for shape in ((), (0,), (2,), (0, 2)):
        with pytest.raises(ShapeError, match="Rows of numbers are needed"):
            predict(SPIRAL, np.zeros(shape))
    with pytest.raises(GraphError, match="canvas is empty"):
        predict(Project(), rows)


def test_a_network_that_reads_no_rows_predicts_nothing_for_rows() -> None:
    project = build.from_formula(formula.build("x*y", {"x": 2.0, "y": 3.0}))
    with pytest.raises(GraphError, match="reads rows of data"):
        predict(project, np.zeros((5, 2)))


def test_an_answer_that_is_not_one_for_each_row_is_refused() -> None:
    project = edits.add_node(Project(data=toys.make("xor")), gate("data"), (0, 0))
    project = edits.add_node(project, gate("sum"), (200, 0))
    project = edits.connect(project, "data1", "sum1", "x")
    with pytest.raises(ShapeError, match="sum1 gives 1 numbers for 5 rows"):
        predict(project, np.zeros((5, 2)))
