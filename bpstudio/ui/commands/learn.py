"""The Lessons menu: lessons, predicting, exercises, and the lab with its planted faults.

What they need is imported when it is asked for, so that the window begins sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action, presents

if TYPE_CHECKING:
    from bpstudio.ui.lecturing import Lecture
    from bpstudio.ui.practising import Practice
    from bpstudio.ui.window import Window


def _lecture(window: Window) -> Lecture:
    from bpstudio.ui.lecturing import lecture_of

    return lecture_of(window.studio)


def _practice(window: Window) -> Practice:
    from bpstudio.ui.practising import practice_of

    return practice_of(window.studio)


def _visiting(window: Window) -> bool:
    """Whether a lesson or a set may be going on: then the person's project is put aside."""
    return window.studio.aside is not None


def _in_lesson(window: Window) -> bool:
    return _visiting(window) and _lecture(window).on


def _steps(window: Window) -> bool:
    """Whether a lesson goes on, or the network is presented."""
    return _in_lesson(window) or presents(window)


def _hides(window: Window) -> bool:
    return window.studio.shown.veil is not None


def open_lesson(window: Window) -> None:
    """The panel, with the keyboard at the question that waits or at the list of lessons."""
    from bpstudio.ui.panels.lesson import LessonPanel

    window.docks.open("lesson")
    panel = window.docks.by_name["lesson"].widget()
    if isinstance(panel, LessonPanel):
        panel.take_keyboard()


def _open_practice(window: Window) -> None:
    """The panel, with the keyboard where the answer is typed."""
    from bpstudio.ui.panels.practice import PracticePanel

    window.docks.open("practice")
    panel = window.docks.by_name["practice"].widget()
    if isinstance(panel, PracticePanel):
        panel.focus_answer()


@action(N_("&Lessons…"), menu="Lessons", shortcut=("Ctrl+Shift+L",), icon="school")
def lessons(window: Window) -> None:
    """The lessons that there are, or the one that is going on."""
    open_lesson(window)


@action(N_("&Glossary…"), menu="Lessons", help=N_("What the words of the lessons mean"))
def glossary(window: Window) -> None:
    """The words of the lessons."""
    from bpstudio.ui.dialogs.glossary import show

    show(window)


@action(
    N_("&Next step"),
    menu="Lessons",
    shortcut=("PgDown",),
    help=N_("The answer of the question that waits, else the next step of the lesson"),
    when=_steps,
)
def lesson_next(window: Window) -> None:
    """On in the lesson, or in what is presented without one."""
    if _in_lesson(window):
        window.docks.bring("lesson")
        _lecture(window).next()
    else:
        window.studio.step(1)


@action(N_("&Previous step"), menu="Lessons", shortcut=("PgUp",), when=_steps)
def lesson_back(window: Window) -> None:
    """Back in the lesson, to exactly what was there."""
    if _in_lesson(window):
        window.docks.bring("lesson")
        _lecture(window).back()
    else:
        window.studio.step(-1)


@action(N_("&Begin the step again"), menu="Lessons", when=_in_lesson)
def lesson_again(window: Window) -> None:
    """The step as it was at first."""
    _lecture(window).again()


@action(
    N_("Lea&ve"),
    menu="Lessons",
    help=N_("Leave the lesson or the exercises; your own network comes back"),
    when=_visiting,
)
def lesson_leave(window: Window) -> None:
    """The person's own project again."""
    window.studio.come_back()


@action(
    N_("P&redict"),
    menu="Lessons",
    shortcut=("F3",),
    icon="eye-off",
    help=N_("Hide the gradients, and say them before they are shown"),
    when=lambda window: window.studio.shown.whole is not None and not _visiting(window),
    checked=_hides,
    group=1,
)
def predict(window: Window) -> None:
    """Hide gradients, or show everything again."""
    from bpstudio.playback.veil import GRADIENT

    _practice(window).hide(() if _hides(window) else (GRADIENT,))
    if _hides(window):
        _open_practice(window)


@action(N_("Give a &hint"), menu="Lessons", shortcut=("Ctrl+Shift+H",), when=_hides, group=1)
def give_hint(window: Window) -> None:
    """One more hint for the number that is asked for."""
    practice = _practice(window)
    if practice.asked is None:
        practice.ask_next()
    practice.give_hint()
    window.docks.open("practice")


@action(N_("&Show the answer"), menu="Lessons", shortcut=("Shift+F3",), when=_hides, group=1)
def show_answer(window: Window) -> None:
    """The number that is asked for."""
    if _in_lesson(window):
        question = _lecture(window).open_question
        if question is not None:
            _lecture(window).reveal(question)
            return
    practice = _practice(window)
    if practice.asked is None:
        practice.ask_next()
    practice.reveal()


@action(N_("E&xercises…"), menu="Lessons", icon="target", group=1)
def exercises(window: Window) -> None:
    """Sets of exercises from a seed and a difficulty."""
    window.docks.open("practice")


@action(
    N_("Brea&k it…"),
    menu="Lessons",
    icon="bug",
    help=N_("A mistake is planted in a copy; find it with the gradient check"),
    group=1,
)
def break_it(window: Window) -> None:
    """The lab."""
    window.docks.open("lab")
