"""Boxes and notes in pictures: frames around, one body for many, and the same numbers outside."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.engine.formula import build as formula_of
from bpstudio.exchange import diagram
from bpstudio.playback.bodies import BOX
from bpstudio.playback.marks import Numbers
from bpstudio.playback.palette import THEMES
from bpstudio.playback.picture import drawn, picture
from bpstudio.playback.scene import laid_out, scene
from bpstudio.playback.timeline import Timeline
from bpstudio.project import boxing, build, edits, opening
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project


@pytest.fixture
def chain() -> Project:
    values = {"x": -2.0, "y": 5.0, "z": -4.0}
    return laid_out(build.from_formula(formula_of("f = (x+y)*z", values)))


@pytest.fixture
def network() -> Project:
    return laid_out(build.network(toys.make("xor"), (2, 4, 4, 1)))


def texts(project: Project) -> set[str]:
    return {"".join(span.text for span in text.spans) for text in picture(project).texts()}


def test_an_open_box_is_a_frame_around_all_that_lies_in_it(chain: Project) -> None:
    noted = boxing.add_note(chain, "why", (0.0, 300.0))
    here = scene(boxing.group(noted, ["x", "y", "note-1"], "Pair", "sky"))
    (frame,) = here.frames
    assert frame.members == {"x", "y", "note-1"}
    for rect in (here.bodies["x"].rect, here.bodies["y"].rect, here.slips[0].rect):
        assert frame.rect.x < rect.x and rect.right < frame.rect.right
        assert frame.head.bottom <= rect.y + 4 and rect.bottom < frame.rect.bottom
    assert here.extent.bottom >= frame.rect.bottom
    # Nothing of the network stands elsewhere than without the box.
    assert here.bodies["f"].rect == scene(chain).bodies["f"].rect


def test_frames_hold_the_frames_within(network: Project) -> None:
    inner = boxing.group(network, ["dense1", "tanh1"], "inner")
    outer = boxing.group(inner, ["dense1", "tanh1", "dense2", "tanh2"], "outer")
    big, small = scene(outer).frames
    assert (big.text, small.text) == ("outer", "inner")
    assert big.rect.x < small.rect.x and big.rect.y < small.rect.y
    assert small.rect.bottom < big.rect.bottom
    opened = opening.unfold(outer, "dense1", "matrices")
    assert len(scene(opened).frames) == 3
    assert scene(opened).frames[-1].role == ""  # what stands opened lies within both
    folded = boxing.fold_boxes(opened, ["box-1"])
    assert [frame.text for frame in scene(folded).frames] == ["outer"]
    assert scene(boxing.fold_boxes(folded, ["box-2"])).frames == ()


def test_a_folded_box_has_the_ports_that_cross_its_border(chain: Project) -> None:
    folded = boxing.fold_boxes(boxing.group(chain, ["y", "add1"], "Sum"), ["box-1"])
    here = scene(folded)
    body = here.bodies["add1"]
    assert body.kind == BOX and body is here.bodies["y"] and body.box == "box-1"
    assert list(body.entries) == [("add1", "a", 0)]
    assert list(body.exits) == ["add1"]
    wires = {path.wire: path for path in here.paths}
    assert wires.keys() == {("add1", "a", 0), ("f", "a", 0), ("f", "b", 0)}
    assert np.allclose(wires["add1", "a", 0].controls[0, -1], body.entries["add1", "a", 0])
    assert np.allclose(wires["f", "a", 0].controls[0, 0], body.exits["add1"])
    centres = [scene(chain).bodies[id].rect for id in ("y", "add1")]
    left, right = min(r.x for r in centres), max(r.right for r in centres)
    assert body.rect.centre[0] == pytest.approx((left + right) / 2)
    assert {"Sum", "2 nodes"} <= texts(folded)


def test_open_inputs_and_results_within_are_ports_too(chain: Project) -> None:
    loose = edits.disconnect(edits.disconnect(chain, "add1", "b"), "f", "b")
    box = boxing.group(loose, ["add1", "f"])
    body = scene(boxing.fold_boxes(box, ["box-1"])).bodies["f"]
    assert list(body.entries) == [("add1", "a", 0), ("add1", "b", 0), ("f", "b", 0)]
    assert list(body.exits) == ["f"]
    here = scene(boxing.fold_boxes(box, ["box-1"]))
    assert set(here.stubs) == {"f"}


def test_the_numbers_outside_are_the_same(chain: Project) -> None:
    timeline = Timeline(iteration(chain))
    rest = timeline.at(float(len(timeline)))
    folded = boxing.fold_boxes(boxing.group(chain, ["y", "add1"]), ["box-1"])

    def numbers(project: Project) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for mark in drawn(scene(project), rest, caption=False).marks:
            if isinstance(mark, Numbers):
                found.setdefault(mark.role, []).extend(mark.texts)
        return {role: sorted(texts) for role, texts in found.items()}

    whole, less = numbers(chain), numbers(folded)
    gone = sorted(set(whole["forward"]) - set(less["forward"]))
    assert gone == ["5.00"]
    assert len(less["gradient"]) == len(whole["gradient"]) - 1


def test_boxes_are_arranged_and_drawn_at_any_size(network: Project) -> None:
    box = boxing.group(network, ["dense1", "tanh1", "dense2", "tanh2"], "x" * 120, "teal")
    for project in (box, boxing.fold_boxes(box, ["box-1"])):
        for theme in THEMES.values():
            here = scene(project, theme)
            for body in here.each:
                if body.box:
                    assert body.rect.width < 320 * theme.type
            assert "…" in diagram.svg(picture(project, theme=theme), theme)


def test_notes_keep_their_lines_and_are_broken_where_there_is_no_room() -> None:
    text = "one\n\n  two\t3\n" + "가" * 60 + "\n" + "word " * 30
    (slip,) = scene(boxing.add_note(Project(), text, (10.0, 20.0))).slips
    assert slip.lines[:3] == ("one", "", "  two 3")
    assert slip.rect[:2] == (10.0, 20.0)
    assert all(len(line) <= 60 for line in slip.lines) and len(slip.lines) > 6
    assert "".join(slip.lines[3:6]).startswith("가" * 20)
    long = boxing.add_note(Project(), "\n".join(map(str, range(500))), (0.0, 0.0))
    assert scene(long).slips[0].lines[-1] == "…"
    hostile = boxing.add_note(Project(), "<script>alert(1)</script> & 'x'", (0.0, 0.0))
    assert "<script>" not in diagram.svg(picture(hostile))


@pytest.mark.parametrize("alone", ["dense1", "tanh1"])
def test_a_box_that_holds_one_of_a_layer_and_its_activation_is_seen_folded(
    network: Project, alone: str
) -> None:
    folded = boxing.fold_boxes(boxing.group(network, [alone], "One"), ["box-1"])
    here = scene(folded)
    assert [body.title for body in here.each if body.kind == BOX] == ["One"]
    assert {"dense1", "tanh1"} & here.docks.keys() == set()
    assert {path.wire: path.source for path in here.paths}["tanh1", "x", 0] == "dense1"
