"""Pictures and films as files, drawn without a screen."""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication

from bpstudio.engine import graph
from bpstudio.errors import StudioError
from bpstudio.playback import metrics
from bpstudio.playback.palette import THEMES
from bpstudio.playback.timeline import PHASES
from bpstudio.project.project import Project, Trained
from bpstudio.ui import film
from bpstudio.ui.painter import font
from bpstudio.ui.render import VIEWS, render, thumbnail
from tests.playback.drawing import network, neuron, of_formula, timeline

pytestmark = pytest.mark.usefixtures("qapp")


def trained() -> Project:
    return dataclasses.replace(network(), trained=Trained(3, np.array([0.7, 0.5, 0.1])))


def colours(path: Path) -> int:
    """How many different colours an image has."""
    with Image.open(path) as image:
        found = image.convert("RGB").getcolors(1 << 24)
    return len(found or ())


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("theme", list(THEMES))
def test_every_view_in_every_theme_is_not_blank(tmp_path: Path, view: str, theme: str) -> None:
    path = tmp_path / "x.png"
    drawn = render(trained(), path, views=[view], theme=theme, size=(400, 300))
    assert (drawn.width, drawn.height, drawn.frames) == (400, 300, 1)
    with Image.open(path) as image:
        assert image.size == (400, 300)
        corner = image.convert("RGB").getpixel((0, 0))
    assert corner == THEMES[theme].rgb("canvas")
    assert colours(path) > 20


def test_phases_differ_and_the_same_gives_the_same_bytes(tmp_path: Path) -> None:
    project = neuron()
    files = []
    for index, phase in enumerate([*PHASES, PHASES[0]]):
        path = tmp_path / f"{index}.png"
        render(project, path, phase=phase)
        files.append(path.read_bytes())
    assert files[0] == files[-1]
    assert len(set(files)) == len(PHASES)


def test_a_step_shows_that_moment(tmp_path: Path) -> None:
    render(neuron(), tmp_path / "a.svg", step=14)
    render(neuron(), tmp_path / "b.svg", phase="backward", step=14)
    assert "Step 14 of 20 · backward through +" in (tmp_path / "a.svg").read_text("utf-8")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(StudioError, match="Choose one from 10 to 17"):
        render(neuron(), tmp_path / "c.svg", phase="backward", step=3)


def test_a_pdf_is_one_page_of_that_size(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    drawn = render(trained(), path, views=["graph", "loss"], size=(800, 600))
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") == 1
    assert b"/MediaBox [0 0 400" in content
    assert (drawn.width, drawn.height) == (800, 600)


@pytest.mark.parametrize("ending", ["gif", "webp", "apng"])
def test_a_film_plays_all_moments(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    project = of_formula("(x+y)*z", x=-2, y=5, z=-4)
    drawn = render(project, path, size=(240, 120))
    assert drawn.frames == len(film.times(timeline(project)))
    with Image.open(path) as image:
        assert image.size == (240, 120)
        assert image.n_frames > 10  # type: ignore[attr-defined]
        first = np.asarray(image.convert("RGB"), dtype=int)
        image.seek(image.n_frames - 1)  # type: ignore[attr-defined]
        last = np.asarray(image.convert("RGB"), dtype=int)
    assert np.abs(first - last).max() > 60


def test_a_film_goes_forward_then_backward_then_updates() -> None:
    line = timeline(neuron())
    times = film.times(line)
    assert times == sorted(times)
    assert [line.at(t).phase for t in (times[0], times[-1])] == ["forward", "update"]
    assert {line.at(t).phase for t in film.times(line, "backward")[:-12]} == {"backward"}
    assert all(side % 2 == 0 for side in film.fitted_size((2001, 1333)))


def test_without_ffmpeg_an_mp4_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "_ffmpeg", lambda: None)
    with pytest.raises(StudioError, match="ffmpeg is not installed"):
        render(neuron(), tmp_path / "x.mp4")
    assert not list(tmp_path.iterdir())


def test_frames_reach_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "encoder"
    # A shell script, because a path to Python with a space in it can't stand in a first line.
    fake.write_text('#!/bin/sh\nfor last; do :; done\ncat > "$last"\n')
    fake.chmod(0o755)
    monkeypatch.setattr(film, "_ffmpeg", lambda: str(fake))
    path = tmp_path / "x.mp4"
    drawn = render(of_formula("x + 1", x=1), path, size=(64, 48))
    assert path.stat().st_size == drawn.frames * 64 * 48 * 3


def test_what_can_not_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"endings: \.png"):
        render(neuron(), tmp_path / "x.tiff")
    with pytest.raises(StudioError, match="no view weather"):
        render(neuron(), tmp_path / "x.png", views=["weather"])
    with pytest.raises(StudioError, match="nothing to film"):
        render(Project(), tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())


def test_an_empty_and_an_unfinished_project_can_be_drawn(tmp_path: Path) -> None:
    render(Project(), tmp_path / "empty.png")
    whole = of_formula("x + y", x=1, y=2)
    open_port = graph.disconnect(whole.graph, "add1", "b")
    render(dataclasses.replace(whole, graph=open_port), tmp_path / "open.png")
    assert colours(tmp_path / "open.png") > 20
    assert thumbnail(trained()).startswith(b"\x89PNG")


def test_qt_and_the_metrics_agree(qapp: QApplication) -> None:
    texts = ("Dense ⟩ tanh", "−12.34 × 0.5", "역전파 · backward", "AVATAR To")
    for kind in (metrics.PROSE, metrics.MONO):
        for weight in (400, 600, 700):
            for text in texts:
                by_qt = QFontMetricsF(font(kind, weight)).horizontalAdvance(text)
                ours = metrics.width(text, 64, kind, weight)
                assert by_qt == pytest.approx(ours, rel=0.01), (kind, weight, text)


def test_it_works_in_a_process_without_a_screen(tmp_path: Path) -> None:
    code = (
        "from bpstudio.ui.render import render; from bpstudio.project.project import Project;"
        f"print(render(Project(), {str(tmp_path / 'x.png')!r}, size=(50, 40)))"
    )
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "width=50, height=40" in done.stdout


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "gif"])
def test_a_failing_disk_leaves_the_old_picture(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"old.{ending}"
    path.write_bytes(b"old")

    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bpstudio.exchange.files.write_safely", full)
    with pytest.raises(StudioError, match="no space is left on the disk"):
        render(neuron(), path)
    assert path.read_bytes() == b"old"
