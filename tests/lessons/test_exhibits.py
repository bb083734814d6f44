"""What can be tried in lessons: its numbers, recomputed."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.errors import StudioError
from bpstudio.lessons.exhibits import kinds
from bpstudio.lessons.exhibits.exhibit import Cell, Exhibit, Line, Words
from bpstudio.lessons.shelf import ours


def exhibit(lesson: str, kind: str) -> Exhibit:
    """The first exhibit of that kind in a lesson."""
    made = next(each for each in ours() if each.folder.name == lesson).read("en")
    for place, step in enumerate(made.steps):
        if step.tried is not None and step.tried.kind == kind:
            name = made.project_at(place)
            return kinds.begin(kind, step.tried.of, made.project(name) if name else None)
    raise AssertionError(kind)


def to_end(made: Exhibit) -> Exhibit:
    """Let it go on until it stops."""
    while (after := made.ticked()) is not None:
        made = after
    return made


def test_the_ball_lands_where_the_rule_says() -> None:
    ball = exhibit("07-descent", "descent")
    for place, expected in ((2, 2.4), (4, 0.0), (7, -3.0), (8, -3.6)):
        np.testing.assert_allclose(
            ball.acted("rate", place).acted("step").facts()["w"], expected, atol=1e-12
        )
    for expected in (2.4, 1.92, 1.536, 1.2288, 0.98304):
        ball = ball.acted("step")
        np.testing.assert_allclose(ball.facts()["w"], expected, rtol=1e-12)


def test_the_error_against_h_is_a_u() -> None:
    nudge = exhibit("02-nudge", "nudge")
    errors = [nudge.acted("h", place).facts()["error"] for place in range(15)]
    np.testing.assert_allclose(errors[:3], [4.4788e-3, 4.5369e-4, 4.5423e-5], rtol=1e-3)
    assert min(errors) == min(errors[6:9])
    assert errors[-1] > 1e-3


def test_the_gradient_jumps_where_w_crosses_z() -> None:
    router = exhibit("05-patterns", "router")
    seen = {}
    for place in range(25):
        facts = router.acted("value", place).facts()
        seen[facts["w"]] = (facts["dz"], facts["dw"])
    assert seen[1.75] == (2.0, 0.0)
    assert seen[2.0] == (1.0, 1.0)
    assert seen[2.5] == (0.0, 2.0)


def test_streams_add_up_and_the_planted_fault_loses_one() -> None:
    fork = exhibit("06-forks", "fork").acted("next").acted("next")
    assert fork.facts()["shown"] == 1.0
    assert fork.acted("bug").facts()["shown"] in (3.0, -2.0)


def test_tiles_take_only_what_fits() -> None:
    tiles = exhibit("09-linear-map", "tiles")
    wrong = tiles.acted("tile 4").pointed(0.41, 0.79)
    assert wrong.facts() == tiles.facts()
    assert "W" in wrong.said()
    right = tiles.acted("tile 5").pointed(0.41, 0.79).acted("tile 0").pointed(0.6, 0.79)
    assert right.facts()["dx"] == 1.0


def test_ten_sigmoids_leave_almost_nothing() -> None:
    stack = exhibit("11-activations", "stack")
    for _more in range(9):
        stack = stack.acted("more")
    np.testing.assert_allclose(stack.facts()["gradient"], 3.8752e-7, rtol=1e-4)


def test_the_bar_says_what_the_sentence_says() -> None:
    stack = exhibit("11-activations", "stack")
    over_bar = next(shape for shape in stack.picture() if isinstance(shape, Words))
    assert over_bar.text == "0.25"
    assert "0.25" in stack.said()


def test_no_wire_runs_through_a_number() -> None:
    shapes = exhibit("01-forward", "ripple").picture()
    wires = [shape for shape in shapes if isinstance(shape, Line)]
    boxes = [shape for shape in shapes if isinstance(shape, Cell) and shape.framed]
    assert wires and boxes
    for wire in wires:
        for share in np.linspace(0.02, 0.98, 49):
            (x0, y0), (x1, y1) = wire.points
            x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
            for box in boxes:
                within = box.x < x < box.x + box.width and box.y < y < box.y + box.height
                assert not within, (wire, box)


def test_the_axis_to_click_on_has_numbers() -> None:
    ball = exhibit("07-descent", "descent")
    numbers = {s.text: s.x for s in ball.picture() if isinstance(s, Words)}
    assert {"−4", "0", "3"} <= set(numbers)
    guessed = ball.pointed(numbers["2"] + 0.4 * (numbers["3"] - numbers["2"]), 0.9)
    assert guessed.acted("step").facts()["hits"] == 1


def test_small_steps_keep_the_neuron_alive() -> None:
    neuron = exhibit("11-activations", "dying")
    for _step in range(50):
        neuron = neuron.acted("step")
    assert not neuron.facts()["dead"]
    large = exhibit("11-activations", "dying").acted("rate", 3).acted("step")
    assert large.facts()["dead"]
    assert large.acted("step").facts()["dead"]


def test_the_race_takes_a_run_for_every_weight_and_both_agree() -> None:
    facts = to_end(exhibit("13-why-backprop", "race").acted("go")).facts()
    assert facts["passes"] == 42
    assert facts["agree"]


def test_a_large_net_cuts_islands_and_lambda_removes_them() -> None:
    begun = exhibit("14-capacity", "capacity")
    found = {}
    for units, strength in ((0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (2, 3)):
        made = begun.acted(f"units {units}").acted("lambda", strength).acted("go")
        found[units, strength] = to_end(made).facts()
    assert found[2, 0]["train"] == 1.0
    assert found[2, 0]["train"] >= found[1, 0]["train"] >= found[0, 0]["train"]
    assert found[2, 0]["regions"] >= 4
    assert [found[2, strength]["regions"] for strength in (1, 2, 3)] == [2, 2, 2]
    assert found[2, 2]["test"] >= found[2, 0]["test"] + 0.03
    assert found[2, 2]["test"] == max(found[2, strength]["test"] for strength in (1, 2, 3))
    assert found[2, 3]["train"] <= 0.82


def test_what_cannot_be_made_is_told_in_a_sentence() -> None:
    for kind, of in (("magic", ""), ("ripple", "x"), ("descent", "w^2"), ("stack", "nothing")):
        with pytest.raises(StudioError):
            kinds.begin(kind, of, None)
