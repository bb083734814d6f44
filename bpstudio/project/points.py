"""Edits of single points of the data set, as a person draws them."""

from __future__ import annotations

from bpstudio.data import drawn
from bpstudio.data.dataset import Dataset
from bpstudio.data.drawn import Place
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.project import edits
from bpstudio.project.project import Project


def brush(project: Project, place: Place, kind: int = 0) -> Project:
    """One more point there, of that class where there are classes."""
    return edits.set_data(project, drawn.brushed(_data(project), place, kind))


def erase(project: Project, place: Place, reach: Place) -> Project:
    """The points around a place taken away; see `drawn.erased`."""
    data = _data(project)
    left = drawn.erased(data, place, reach)
    return project if left is data else edits.set_data(project, left)


def move(project: Project, row: int, place: Place) -> Project:
    """The point of that row at another place."""
    return edits.set_data(project, drawn.moved(_data(project), row, place))


def _data(project: Project) -> Dataset:
    if project.data is None or not drawn.drawable(project.data):
        raise StudioError(
            N_(
                "Points can be drawn over two inputs with classes, or over one input with one "
                "value to learn. Choose such a data set first."
            )
        )
    return project.data
