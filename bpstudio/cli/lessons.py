"""`bpstudio lessons`: which there are, and every answer in them recomputed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bpstudio.cli.answer import Answer, table
from bpstudio.errors import StudioError
from bpstudio.language import N_, _

if TYPE_CHECKING:
    from bpstudio.lessons.shelf import Shelved


def lessons(words: argparse.Namespace) -> Answer:
    """List the lessons, or check them: those of the studio, or of a file or a folder."""
    from bpstudio.lessons import shelf

    own = shelf.ours if words.do == "check" else shelf.every
    found = own() if words.place is None else shelf.found_in(Path(words.place))
    if not found:
        raise StudioError(N_("There are no lessons in {place}."), place=words.place or "")
    return _check(found) if words.do == "check" else _list(found, words.lang)


def _list(found: tuple[Shelved, ...], language: str) -> Answer:
    rows, data = [], []
    for shelved in found:
        lesson = shelved.read(language)
        spoken = [one for one, _path in shelved.files]
        rows.append(
            (lesson.number, lesson.title, lesson.minutes, len(lesson.steps), ", ".join(spoken))
        )
        data.append(
            {
                "number": lesson.number,
                "name": lesson.name,
                "title": lesson.title,
                "minutes": lesson.minutes,
                "steps": len(lesson.steps),
                "source": lesson.source,
                "goals": lesson.goals,
                "languages": spoken,
                "path": lesson.path,
            }
        )
    header = (_("number"), _("title"), _("minutes"), _("steps"), _("languages"))
    return Answer(table(rows, header), {"lessons": data})


def _check(found: tuple[Shelved, ...]) -> Answer:
    from bpstudio.lessons.checking import check
    from bpstudio.lessons.shelf import Shelved

    outcomes = [
        outcome for shelved in found if isinstance(shelved, Shelved) for outcome in check(shelved)
    ]
    failed = [outcome for outcome in outcomes if outcome.problem]
    lines = [f"✗ {outcome.problem}" for outcome in failed]
    text = _("{count} questions and states in {lessons} lessons, {failed} wrong.")
    lines.append(text.format(count=len(outcomes), lessons=len(found), failed=len(failed)))
    data = {
        "questions": [
            {
                "path": outcome.path,
                "line": outcome.line,
                "question": outcome.what,
                "computed": outcome.computed,
                "problem": outcome.problem,
            }
            for outcome in outcomes
        ],
        "failed": len(failed),
    }
    return Answer("\n".join(lines), data, 1 if failed else 0)
