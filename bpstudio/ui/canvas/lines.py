"""The lines in which titles and values are typed, over a canvas."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from bpstudio.engine.op import Kind
from bpstudio.engine.ops.source import Constant
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.playback.bodies import HEADER, TITLE
from bpstudio.playback.marks import Rect
from bpstudio.project import boxing, edits
from bpstudio.project.project import TYPED, Project
from bpstudio.ui.canvas.editors import Editor, read, written
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


def value_key(project: Project, id: str) -> str | None:
    """The key of the value that a source holds and a person can type; None for all others."""
    node = project.graph[id]
    if isinstance(node.op, Constant):
        return f"{id}.value"
    owned = node.owned(*TYPED, Kind.WEIGHT) if node.op.category == "source" else ()
    return f"{id}.{owned[0].name}" if owned else None


def typed_value(project: Project, key: str) -> str:
    """The value under that key as it is typed; empty where there is none yet."""
    op = project.graph[key.partition(".")[0]].op
    if isinstance(op, Constant):
        return f"{op.value:g}"
    held = {**project.given, **project.weights}.get(key)
    return "" if held is None else written(held)


def take_value(studio: Studio, key: str, typed: str) -> bool:
    """Make what was typed the value under that key; whether it is one."""
    id = key.partition(".")[0]
    words = _("Change the value")
    try:
        value = read(typed)
    except StudioError as error:
        studio.complain(error)
        return False
    if isinstance(studio.project.graph[id].op, Constant):
        return studio.do(words, edits.set_setting, id, "value", value.tolist())
    return studio.do(words, edits.set_value, key, value)


def value_editor(canvas: Canvas, key: str, at: Point | None = None) -> Editor:
    """A line with the value of a source, over it or over a place of the canvas."""
    id = key.partition(".")[0]
    project = canvas.studio.project
    rect = canvas.scene.bodies[id].rect if at is None else Rect(*at, 0.0, 0.0)
    name = _("Value of {node}").format(node=project.graph[id].label)
    take = partial(take_value, canvas.studio, key)
    return _open(canvas, rect, typed_value(project, key), name, take)


def entry_editor(canvas: Canvas, key: str, index: tuple[int, ...], at: Point) -> Editor:
    """A line over a place of the canvas with one number of an array."""
    project = canvas.studio.project
    held = {**project.weights, **canvas.studio.shown.weights}[key]

    def take(typed: str) -> bool:
        studio = canvas.studio
        try:
            number = read(typed)
            value = number.item() if number.size == 1 else math.nan
        except StudioError as error:
            studio.complain(error)
            return False
        return studio.do(_("Change the weight"), edits.set_entry, key, index, value)

    node, _dot, port = key.partition(".")
    name = _("{port} of {node}").format(port=port, node=project.graph[node].label)
    text = f"{float(held[index]):.6g}"
    return _open(canvas, Rect(*at, 0.0, 0.0), text, name, take)


def box_editor(canvas: Canvas, id: str) -> Editor:
    """A line over a box's title with its text."""
    box = canvas.studio.project.boxes[id]
    folded = [body.rect for body in canvas.scene.each if body.box == id]
    heads = [frame.head for frame in canvas.scene.frames if frame.id == id]

    def take(typed: str) -> bool:
        return canvas.studio.do(_("Rename"), boxing.name_box, id, typed.strip())

    name = _("Title of {node}").format(node=box.label)
    return _open(canvas, next(iter((*folded, *heads)), Rect(0, 0, 0, 0)), box.title, name, take)


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


def _open(canvas: Canvas, rect: Rect, text: str, name: str, take: Callable[[str], bool]) -> Editor:
    scale = min(max(canvas.view.scale, 0.8), 1.5)
    editor = Editor(canvas, text, name, take, TITLE * canvas.theme.type * scale)
    editor.setPlaceholderText(name)
    editor.open_at(QRectF(*canvas.view.rect_to_widget(rect)).toRect())
    return editor
