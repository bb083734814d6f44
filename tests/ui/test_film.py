"""Films: frames at fixed steps, the same bytes each time, and training filmed as it was."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bpstudio.data import toys
from bpstudio.errors import StudioError
from bpstudio.project import build, edits, file, runs
from bpstudio.project.project import Project
from bpstudio.training.trainer import train_now
from bpstudio.ui import film
from bpstudio.ui.render import render
from tests.playback.drawing import neuron, timeline

pytestmark = pytest.mark.usefixtures("qapp")

SMALL = (160, 100)


def trained(steps: int) -> Project:
    project = edits.reset(build.network(toys.make("xor"), (2, 2, 1)))
    return runs.landed(project, train_now(runs.job(project, steps)))


def frames_of(path: Path) -> int:
    with Image.open(path) as image:
        return int(getattr(image, "n_frames", 1))


@pytest.mark.parametrize("ending", [".gif", ".webp", ".apng"])
def test_two_films_are_equal_to_the_last_byte(tmp_path: Path, ending: str) -> None:
    files = [tmp_path / f"{name}{ending}" for name in "ab"]
    drawn = [render(neuron(), path, phase="backward", size=SMALL, rate=4) for path in files]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert drawn[0] == drawn[1]


def test_one_step_is_filmed_from_its_beginning_to_its_end() -> None:
    line = timeline(neuron())
    times = film.times(line, step=5, rate=8)
    assert times[0] == 4.0 and times[-8:] == [5.0] * 8
    assert len(times) == round(0.75 * 8) + 8
    assert np.allclose(np.diff(times[:-8]), 1 / 6)


@pytest.mark.parametrize("rate", [4, 12, 30])
def test_a_film_is_as_long_whatever_its_frames(rate: int) -> None:
    line = timeline(neuron())
    seconds = len(film.times(line, rate=rate)) / rate
    assert seconds == pytest.approx(0.75 * len(line) + 1, rel=0.05)


def test_every_frame_of_a_film_is_told_and_is_in_it(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def report(done: int, count: int) -> None:
        told.append((done, count))

    path = tmp_path / "x.gif"
    drawn = render(neuron(), path, step=3, size=SMALL, rate=4, report=report)
    assert told == [(i, drawn.frames) for i in range(1, drawn.frames + 1)]


def test_stops_are_all_steps_or_evenly_chosen() -> None:
    assert film.stops(2, 5, rate=3) == [2, 3, 4, 5, 5, 5, 5]
    many = film.stops(0, 10_000, rate=10)
    assert len(many) == 110 and many[0] == 0 and many[99] == many[-1] == 10_000
    assert max(np.diff(many[:100])) - min(np.diff(many[:100])) <= 1


def test_training_is_filmed_by_training_again(tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    drawn = render(trained(6), path, views=["graph", "loss"], training=(1, 6), size=SMALL, rate=2)
    assert drawn.frames == 6 + 2
    assert frames_of(path) > 3  # frames that are equal to the one before are put together


def test_a_training_that_was_changed_on_the_way_is_not_made_up(tmp_path: Path) -> None:
    project = trained(6)
    losses = project.trained.losses.copy()
    losses[3] += 1e-9
    changed = dataclasses.replace(
        project, trained=dataclasses.replace(project.trained, losses=losses)
    )
    with pytest.raises(StudioError, match="something was changed on the way"):
        render(changed, tmp_path / "x.gif", training=(0, 6), size=SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("span", [(0, 7), (3, 3), (5, 2)])
def test_steps_that_there_are_not_are_no_film(tmp_path: Path, span: tuple[int, int]) -> None:
    with pytest.raises(StudioError, match="trained for 6 steps"):
        render(trained(6), tmp_path / "x.gif", training=span, size=SMALL)


def test_a_place_in_the_timeline_is_a_picture_of_its_own(tmp_path: Path) -> None:
    contents = set()
    for time in (2.1, 2.3, 2.3):
        path = tmp_path / "x.png"
        render(neuron(), path, time=time, size=SMALL)
        contents.add(path.read_bytes())
    assert len(contents) == 2


def test_the_command_line_says_how_far_it_is(tmp_path: Path) -> None:
    file.save(neuron(), tmp_path / "n.bps")
    words = ["render", str(tmp_path / "n.bps"), "--out", str(tmp_path / "x.gif"), "--step", "2"]
    words += ["--fps", "2", "--size", "160x100", "--progress", "--json"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bpstudio", *words], capture_output=True, text=True, check=True
    )
    lines = done.stderr.split()
    assert lines == [f"{i}/{len(lines)}" for i in range(1, len(lines) + 1)] and lines
