"""Pictures into files: PNG and PDF pages, SVG, and films. Needs no screen.

This is how the command line, the dialogs and the file thumbnails draw.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QMarginsF, QSizeF
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter
from PySide6.QtWidgets import QApplication

from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.exchange.diagram import svg
from bpstudio.exchange.files import Files, put
from bpstudio.language import N_
from bpstudio.playback import views, weight_views
from bpstudio.playback.marks import Picture
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.picture import drawn, picture
from bpstudio.playback.planes import planes
from bpstudio.playback.scene import scene
from bpstudio.playback.sheet import Sheet, sheet
from bpstudio.playback.timeline import BACKWARD, FORWARD, Instant, Timeline
from bpstudio.project import edits, runs
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project
from bpstudio.training.trainer import train_now
from bpstudio.ui import film
from bpstudio.ui.painter import paint_sheet
from bpstudio.ui.showing import Showing

VIEWS = ("graph", "boundary", "loss", "weights")
STILLS = (".png", ".svg", ".pdf")
SCALE = 2.0
"""Pixels per canvas unit where no size is asked for."""
_LARGEST = 6000
_TILE_CELLS = 56

Report = Callable[[int, int], None]
"""What is told of a film that is being made: how many frames are drawn, of how many."""

_application: list[QApplication] = []


@dataclass(frozen=True)
class Drawn:
    """What was written: its size in pixels, and how many frames it has."""

    width: int
    height: int
    frames: int


@dataclass(frozen=True)
class Stretch:
    """What of a project is shown.

    A picture shows the end of a phase (backward unless told otherwise), or with `step` the moment
    of that number while it happens, or with `time` the instant at that place of the timeline. A
    film plays the phase, the one step, or all phases; with `training` the weights as they were
    trained, from the first to the last of two steps.
    """

    phase: str | None = None
    step: int | None = None
    time: float | None = None
    training: tuple[int, int] | None = None


def render(
    project: Project,
    out: Path | str,
    *,
    views: Sequence[str] = ("graph",),
    phase: str | None = None,
    step: int | None = None,
    time: float | None = None,
    training: tuple[int, int] | None = None,
    theme: str = "light",
    size: tuple[int, int] | None = None,
    rate: int = film.RATE,
    report: Report | None = None,
) -> Drawn:
    """Draw a project into a file, whose ending says how: png svg pdf gif webp apng mp4.

    `views` are put on one page; for the rest see `Stretch`. A film has `rate` frames a second.
    Sentences are in the current language. Raises StudioError for an ending, a view or a step that
    there is not, for a film that this machine can't write, and for a place that can't be written
    to; the file is then what it was.
    """
    path = Path(out)
    ending = path.suffix.lower()
    if ending not in (*STILLS, *film.ENDINGS):
        raise StudioError(
            N_("A picture can't be written as {file}. Choose one of these endings: {endings}."),
            file=path.name,
            endings=" ".join((*STILLS, *film.ENDINGS)),
        )
    unknown = [view for view in views if view not in VIEWS]
    if unknown or not views:
        raise StudioError(
            N_("There is no view {view}. There are: {views}."),
            view=", ".join(unknown) or "-",
            views=", ".join(VIEWS),
        )
    stretch = Stretch(phase, step, time, training)
    if ending in film.ENDINGS:
        film.require(ending)
        shots = _Film(project, THEMES[theme], tuple(views), stretch, size, rate)
        content, count = film.film(ending, shots.frames(report), shots.size, rate)
        drawing = Drawn(*shots.size, count)
    else:
        drawer = _Drawer(project, THEMES[theme], tuple(views))
        page = drawer.page(drawer.still(stretch), size)
        content, drawing = _still(page, drawer.theme, ending, project.title), Drawn(*page.size, 1)
    put(path, Files(content))
    return drawing


def thumbnail(project: Project, size: tuple[int, int] = (320, 200), theme: str = "light") -> bytes:
    """A small picture of the network as PNG, for its file."""
    drawer = _Drawer(project, THEMES[theme], ("graph",))
    pictures = picture(project, theme=drawer.theme, planes=drawer.tiles)
    return film.png(image(sheet([pictures], size), drawer.theme))


def picture_of(shown: Showing, theme: Theme) -> QImage:
    """The network as it is shown now, at twice its own size."""
    tiles = planes(
        shown.project, recording=shown.recording, weights=shown.weights, cells=_TILE_CELLS
    )
    now = drawn(scene(shown.project, theme), shown.instant, planes=tiles)
    page = sheet([now], None, SCALE)
    if max(page.size) > _LARGEST:
        page = sheet([now], None, SCALE * _LARGEST / max(page.size))
    return image(page, theme)


def image(page: Sheet, theme: Theme) -> QImage:
    """A page as pixels."""
    ensure_application()
    canvas = QImage(*page.size, QImage.Format.Format_RGB32)
    with QPainter(canvas) as painter:
        paint_sheet(painter, page, theme)
    return canvas


def ensure_application() -> None:
    """Qt draws text only inside an application: make one without a screen if there is none.

    It is one in which widgets could follow, so that a process may draw first and show later.
    """
    if QApplication.instance() is not None:
        return
    screenless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform.startswith("linux") and screenless:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _application.append(QApplication(["bpstudio"]))


class _Drawer:
    """A project being drawn: what its pictures have in common, computed once."""

    def __init__(self, project: Project, theme: Theme, wanted: tuple[str, ...]) -> None:
        self.project = project
        self.theme = theme
        self.wanted = wanted
        self.scene = scene(project, theme)
        self.recording = _recorded(project)
        self.timeline = Timeline(self.recording) if self.recording else None
        self.tiles = (
            planes(project, recording=self.recording, cells=_TILE_CELLS)
            if "graph" in wanted
            else {}
        )
        self.beside = {view: self._beside(view) for view in wanted if view != "graph"}

    def still(self, stretch: Stretch) -> Instant | None:
        """The instant that a still shows."""
        if self.timeline is None:
            return None
        if stretch.time is not None:
            return self.timeline.at(stretch.time)
        if stretch.phase is None and stretch.step is not None:
            return self.timeline.still_at(stretch.step)
        return self.timeline.still(stretch.phase or BACKWARD, stretch.step)

    def page(
        self, instant: Instant | None, size: tuple[int, int] | None, *, steady: bool = False
    ) -> Sheet:
        """Every wanted view on one page; `steady` for one of many frames."""
        pictures = [self.beside.get(view) or self._graph(instant, steady) for view in self.wanted]
        page = sheet(pictures, size, SCALE)
        if size is None and max(page.size) > _LARGEST:
            page = sheet(pictures, None, SCALE * _LARGEST / max(page.size))
        return page

    def _graph(self, instant: Instant | None, steady: bool) -> Picture:
        return drawn(self.scene, instant, planes=self.tiles, steady=steady)

    def _beside(self, view: str) -> Picture:
        if view == "boundary":
            return views.boundary(self.project, theme=self.theme)
        if view == "loss":
            return views.loss(self.project, theme=self.theme)
        return weight_views.weights(self.project, recording=self.recording, theme=self.theme)


def _recorded(project: Project) -> Recording | None:
    """The next training step of the project; None for a network that can't run."""
    if not project.graph.nodes:
        return None
    return iteration(project, step=project.trained.steps, memory=project.trained.memory)


class _Film:
    """A film of a project: its size, and its frames one after the other."""

    def __init__(
        self,
        project: Project,
        theme: Theme,
        views: tuple[str, ...],
        stretch: Stretch,
        size: tuple[int, int] | None,
        rate: int,
    ) -> None:
        self._project, self._theme, self._views = project, theme, views
        self._stretch, self._rate = stretch, rate
        self._drawer = drawer = _Drawer(project, theme, views)
        if drawer.timeline is None or not len(drawer.timeline):
            raise StudioError(
                N_("Nothing happens in this network yet, so there is nothing to film.")
            )
        if stretch.step is not None:
            drawer.timeline.still_at(stretch.step)  # which complains of one that there is not
        first = drawer.page(drawer.timeline.rest(FORWARD), size, steady=True)
        self.size = size or film.fitted_size(first.size)

    def frames(self, report: Report | None) -> Iterator[QImage]:
        """Every frame, drawn when it is asked for."""
        if self._stretch.training is not None:
            stops = _stops(self._project, self._stretch.training, self._rate)
            pages, count = self._training(stops), len(stops)
        else:
            assert self._drawer.timeline is not None
            line, stretch = self._drawer.timeline, self._stretch
            times = film.times(line, stretch.phase, stretch.step, self._rate)
            pages = (self._drawer.page(line.at(t), self.size, steady=True) for t in times)
            count = len(times)
        for done, page in enumerate(pages, 1):
            yield image(page, self._theme)
            if report is not None:
                report(done, count)

    def _training(self, stops: list[int]) -> Iterator[Sheet]:
        """The project at each of these steps, trained again from its start."""
        page: Sheet | None = None
        for before, project in _replayed(self._project, stops):
            if page is None or project is not before:
                drawer = _Drawer(project, self._theme, self._views)
                rest = None if drawer.timeline is None else drawer.timeline.rest(FORWARD)
                page = drawer.page(rest, self.size, steady=True)
            yield page


def _stops(project: Project, training: tuple[int, int], rate: int) -> list[int]:
    """The steps that a film of training shows; StudioError for those that there are not."""
    first, last = training
    if not 0 <= first < last <= project.trained.steps:
        raise StudioError(
            N_(
                "This network was trained for {steps} steps, so there are no steps {first} to "
                "{last} to film. Train it first, or choose others."
            ),
            steps=project.trained.steps,
            first=first,
            last=last,
        )
    return film.stops(first, last, rate)


def _replayed(project: Project, stops: Sequence[int]) -> Iterator[tuple[Project, Project]]:
    """The project at each step beside that at the step before: the same seed, the same weights.

    Raises StudioError where that does not give the losses that were recorded.
    """
    before = here = edits.reset(project)
    for stop in stops:
        ahead = stop - here.trained.steps
        if ahead:
            here = runs.landed(here, train_now(runs.job(here, ahead)))
            recorded = project.trained.losses[: len(here.trained.losses)]
            if not np.array_equal(here.trained.losses, recorded, equal_nan=True):
                raise StudioError(
                    N_(
                        "This training can't be filmed: something was changed on the way, so that "
                        "training again gives other losses. Reset, train, and film that."
                    )
                )
        yield before, here
        before = here


def _still(page: Sheet, theme: Theme, ending: str, title: str) -> bytes:
    """A page as the content of a file."""
    if ending == ".svg":
        return svg(page, theme, title=title).encode()
    if ending == ".pdf":
        return _pdf(page, theme, title)
    return film.png(image(page, theme))


def _pdf(page: Sheet, theme: Theme, title: str) -> bytes:
    """A page as vectors; one pixel of the page is half a point."""
    ensure_application()
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(title or "Backprop Studio")
    writer.setCreator("Backprop Studio")
    writer.setResolution(144)
    width, height = page.size
    writer.setPageSize(QPageSize(QSizeF(width / 2, height / 2), QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    with QPainter(writer) as painter:
        paint_sheet(painter, page, theme)
    return bytes(buffer.data().data())
