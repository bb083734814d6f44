"""A diagnosis of the training stands at the node that it speaks of."""

from __future__ import annotations

from bpstudio.data import toys
from bpstudio.playback.badges import WARNED, badges
from bpstudio.project import build, runs, tuning
from bpstudio.project.health import examined
from bpstudio.project.iteration import iteration


def test_a_diagnosis_stands_as_a_badge_at_its_node() -> None:
    project = tuning.set_initial(build.network(toys.make("xor"), (2, 4, 1)), "constant")
    told = examined(project, metrics=runs.measured(project))
    placed = badges(project, iteration(project), diagnoses=told)
    assert [badge.kind for badge in placed["dense1"]] == [WARNED]
    assert placed["dense1"][0].sentence == told[0].sentence
    plain = badges(project, iteration(project)).values()
    assert WARNED not in {badge.kind for own in plain for badge in own}
