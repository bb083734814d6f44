"""The answer to a lesson's question in words, and how it is reckoned."""

from __future__ import annotations

from bpstudio.engine.run import Recording
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.lessons.hints import LEVELS, hint
from bpstudio.lessons.keys import computed
from bpstudio.lessons.lesson import Choose, Do, Predict, Question, Reflect, quantity_of
from bpstudio.playback.digits import MINUS, significant
from bpstudio.project.project import Project


def solution(question: Question, project: Project | None) -> str:
    """The answer to a question; `project` is what its numbers are about."""
    match question:
        case Predict():
            exact = computed(question.key, project)
            text = ", ".join(written(float(number)) for number in exact.ravel())
            return _("The answer: {answer}").format(answer=text)
        case Choose():
            right = next(option for option in question.options if option.right)
            return _("The answer: {answer}").format(answer=right.text)
        case Do():
            return question.help or _("Skipped.")
        case Reflect():
            return question.answer
    return ""


def worked(question: Predict, project: Project | None, recording: Recording | None) -> str:
    """How a number is reckoned, where the recording has it, and the number."""
    quantity = quantity_of(question.key)
    text = solution(question, project)
    if quantity is None or recording is None:
        return text
    try:
        return f"{hint(recording, quantity, LEVELS)}\n{text}"
    except (StudioError, KeyError, StopIteration):
        return text  # what is shown has no such number: the answer alone


def written(number: float) -> str:
    """A number as an answer: a whole one without decimals."""
    if number.is_integer() and abs(number) < 1e6:
        return f"{number:.0f}".replace("-", MINUS)
    return significant(number)
