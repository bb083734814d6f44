"""Saying a hidden number where it stands: a line over it, whose answer is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from bpstudio.language import _
from bpstudio.lessons.hints import said
from bpstudio.playback.bodies import TITLE
from bpstudio.playback.marks import Rect
from bpstudio.playback.veil import Quantity
from bpstudio.ui.canvas.editors import Editor
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.lecturing import lecture_of
from bpstudio.ui.practising import practice_of, quantity_of_label
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


def answer_editor(canvas: Canvas, place: Point) -> Editor | None:
    """A line over the hidden number at that place of the canvas; None where there is none."""
    studio = canvas.studio
    label = canvas.drawing.number_at(studio.shown.instant, place)
    quantity = None if label is None else quantity_of_label(studio, label)
    if label is None or quantity is None:
        return None
    practice_of(studio).ask(quantity)
    scale = min(max(canvas.view.scale, 0.8), 1.5)
    size = TITLE * canvas.theme.type * scale
    name = said(studio.project.graph, quantity)

    def take(typed: str) -> bool:
        return answer(studio, quantity, typed)

    editor = Editor(canvas, "", name, take, size)
    editor.setPlaceholderText(_("{quantity} = ?").format(quantity=name))
    rect = Rect(label.x, label.y - 5, 0.0, 0.0)
    editor.open_at(QRectF(*canvas.view.rect_to_widget(rect)).toRect())
    return editor


def answer(studio: Studio, quantity: Quantity, typed: str) -> bool:
    """Check an answer, for the lesson if it asks for that number; whether it is done with."""
    lecture = lecture_of(studio)
    place = lecture.asking_for(quantity)
    if place is not None:
        reply = lecture.answer(place, typed)
        if not reply.right:
            studio.notice(reply.sentence)
        return reply.right
    practice = practice_of(studio)
    practice.ask(quantity)
    verdict = practice.answer(typed)
    right = verdict is not None and verdict.right
    if not right:
        studio.notice(practice.sentence)
    return right
