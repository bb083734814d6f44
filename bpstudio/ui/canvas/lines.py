"""The lines in which titles, values and searches are typed, over a canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF

from bpstudio.engine.op import Kind
from bpstudio.engine.ops.source import Constant
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.playback.bodies import HEADER, TITLE
from bpstudio.playback.marks import Rect
from bpstudio.project import edits
from bpstudio.project.project import TYPED, Project
from bpstudio.ui.canvas import adding
from bpstudio.ui.canvas.editors import Editor, read, written
from bpstudio.ui.canvas.hit import Input, Output
from bpstudio.ui.canvas.quick_search import QuickSearch
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.panels.entries import Entry

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


def value_key(project: Project, id: str) -> str | None:
    """The key of the value that a source holds and a person can type; None for all others."""
    node = project.graph[id]
    if isinstance(node.op, Constant):
        return f"{id}.value"
    owned = node.owned(*TYPED, Kind.WEIGHT) if node.op.category == "source" else ()
    return f"{id}.{owned[0].name}" if owned else None


def value_editor(canvas: Canvas, key: str) -> Editor:
    """A line over a source with its value."""
    id = key.partition(".")[0]
    project = canvas.studio.project
    op = project.graph[id].op
    held = {**project.given, **project.weights}.get(key)
    text = f"{op.value:g}" if isinstance(op, Constant) else "" if held is None else written(held)

    def take(typed: str) -> bool:
        studio = canvas.studio
        words = _("Change the value")
        try:
            value = read(typed)
        except StudioError as error:
            studio.complain(error)
            return False
        if not isinstance(op, Constant):
            return studio.do(words, edits.set_value, key, value)
        return studio.do(words, edits.set_setting, id, "value", value.tolist())

    name = _("Value of {node}").format(node=project.graph[id].label)
    return _open(canvas, canvas.scene.bodies[id].rect, text, name, take)


def title_editor(canvas: Canvas, id: str) -> Editor:
    """A line over a node's title with its text."""
    node = canvas.studio.project.graph[id]
    body = canvas.scene.bodies[id]
    rect = body.rect
    if body.title:
        rect = rect._replace(height=HEADER * body.type * 0.8)

    def take(typed: str) -> bool:
        return canvas.studio.do(_("Rename"), edits.rename, id, typed.strip())

    name = _("Title of {node}").format(node=node.label)
    return _open(canvas, rect, node.title, name, take)


def quick_search(canvas: Canvas, at: Point, port: Output | Input | None) -> QuickSearch:
    """The quick search at a pixel of the widget, for anything or for what fits a port."""
    place = canvas.view.to_canvas(at)

    def take(chosen: Entry | str) -> None:
        studio = canvas.studio
        if isinstance(chosen, str):
            adding.add_formula(studio, chosen, place)
        elif chosen.is_data:
            adding.add_data(studio, chosen.name, place)
        elif port is not None:
            adding.add_at(studio, chosen.op, place, port)
        else:
            adding.add_op(studio, chosen.op, place)

    def fits(entry: Entry) -> bool:
        if port is None:
            return True
        return adding.takes_input(entry) if isinstance(port, Output) else adding.gives_output(entry)

    search = QuickSearch(canvas, canvas.theme.name, take, fits, port is None)
    search.open_at(QPoint(round(at[0]), round(at[1])))
    return search


def _open(canvas: Canvas, rect: Rect, text: str, name: str, take: Callable[[str], bool]) -> Editor:
    scale = min(max(canvas.view.scale, 0.8), 1.5)
    editor = Editor(canvas, text, name, take, TITLE * canvas.theme.type * scale)
    editor.open_at(QRectF(*canvas.view.rect_to_widget(rect)).toRect())
    return editor
