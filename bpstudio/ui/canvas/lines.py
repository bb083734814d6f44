"""The lines in which titles and values are typed, over a canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from bpstudio.engine.op import Kind
from bpstudio.engine.ops.source import Constant
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.playback.bodies import HEADER, TITLE
from bpstudio.playback.marks import Rect
from bpstudio.project import edits
from bpstudio.project.project import TYPED, Project
from bpstudio.ui.canvas.editors import Editor, read, written

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


def _open(canvas: Canvas, rect: Rect, text: str, name: str, take: Callable[[str], bool]) -> Editor:
    scale = min(max(canvas.view.scale, 0.8), 1.5)
    editor = Editor(canvas, text, name, take, TITLE * canvas.theme.type * scale)
    editor.open_at(QRectF(*canvas.view.rect_to_widget(rect)).toRect())
    return editor
