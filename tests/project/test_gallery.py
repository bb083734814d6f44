"""The examples: each has a title and a sentence, opens, runs, and learns where it can."""

from __future__ import annotations

import numpy as np
import pytest

from bpstudio import resources
from bpstudio.language import LANGUAGES, _, set_language
from bpstudio.project import file, runs
from bpstudio.project.gallery import EXAMPLES, SHELVES, Example, examples
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project
from bpstudio.training.trainer import train_now

HARD = ("xor-one-line", "xor-by-hand")
"""What no training makes better: one line can do no more, and by hand all is right already."""


def opened(example: Example) -> Project:
    return file.load(example.path)


def test_every_file_is_told_of_and_every_example_has_a_file() -> None:
    files = {path.stem for path in resources.path("examples").glob("*.bps")}
    assert files == {each.name for each in EXAMPLES} == {each.name for each in examples()}
    assert len(EXAMPLES) >= 24
    assert {each.shelf for each in EXAMPLES} == set(SHELVES)


def test_each_is_told_of_in_both_languages() -> None:
    said = {}
    for language in LANGUAGES:
        set_language(language)
        said[language] = [_(each.sentence) for each in EXAMPLES]
        assert all(text.endswith((".", "다")) for text in said[language])
        assert len(set(said[language])) == len(EXAMPLES)
    set_language("en")
    assert all(en != ko for en, ko in zip(said["en"], said["ko"], strict=True))


@pytest.mark.parametrize("example", EXAMPLES, ids=[each.name for each in EXAMPLES])
def test_each_runs_and_learns_where_it_can(example: Example) -> None:
    project = opened(example)
    assert project.title == example.title
    recording = iteration(project)
    assert all(np.isfinite(value).all() for value in recording.values.values())
    assert recording.backward
    if project.data is not None:
        losses = train_now(runs.job(project, 30)).losses
        assert np.isfinite(losses).all()
        assert example.name in HARD or min(losses) < losses[0]


def test_the_dead_are_dead() -> None:
    recording = iteration(opened(next(each for each in EXAMPLES if each.name == "dead-relu")))
    weights = [node for node in recording.gradients if node in ("w", "x", "b")]
    assert weights and all(recording.gradients[node] == 0 for node in weights)


def test_xor_by_hand_is_exact() -> None:
    project = opened(next(each for each in EXAMPLES if each.name == "xor-by-hand"))
    assert project.data is not None
    answers = iteration(project).values["dense2"].ravel()
    np.testing.assert_array_equal(answers, project.data.answers.ravel())


def test_ten_sigmoids_leave_next_to_nothing() -> None:
    project = opened(next(each for each in EXAMPLES if each.name == "vanishing"))
    gradient = iteration(project).gradients["x"]
    assert float(gradient) == pytest.approx(3.8752e-7, rel=1e-4)
