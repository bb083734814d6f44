"""Lessons from files: Markdown with a header, and fenced blocks for what the studio does.

    ---
    title: The chain rule
    number: 3
    minutes: 12
    source: CS231n, lecture 4
    goals:
    - say what arrives at a gate and what leaves it
    ---

    ## A gate at a time

    Text, in paragraphs and lists.

    ```state
    project: xyz.bps
    moment: backward f
    highlight: z
    hide: gradients
    ```

    ```predict
    ask: What is the gradient of z?
    key: gradient z
    answer: 3
    wrong: -4 | That is the value of z itself.
    ```

    ```choose
    ask: What does a multiply gate do on the way back?
    - [x] It swaps the values.
    - [ ] It passes the gradient on. | That is what an add gate does.
    ```

    ```do
    ask: Fuse the four gates into one.
    until: has sigmoid, no exp
    help: Drag a band around them and choose Fuse.
    ```

    ```exhibit
    kind: descent
    of: w^2 at 3
    ```

    ```reflect
    ask: Why does nothing change at the boundary?
    answer: The product of the four slopes is the slope of the one.
    ```

A file is hostile until proven otherwise: it has limits, projects lie in its own folder under a
plain name, and nothing in it is executed. An error names the file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bpstudio.contents import content_of
from bpstudio.errors import FileError, reason_of
from bpstudio.language import LANGUAGES, N_
from bpstudio.lessons.lesson import (
    ASKED,
    HIDES,
    Choose,
    Do,
    Key,
    Lesson,
    LessonStep,
    Option,
    Part,
    Predict,
    Question,
    Reflect,
    State,
    Text,
    Tried,
    Wrong,
    wrong_at,
)
from bpstudio.lessons.rows import (
    LONGEST_TEXT,
    MOST_BYTES,
    MOST_ENTRIES,
    Field,
    Row,
    blocks_of,
    fields_of,
    needed,
    rows_of,
    whole,
)

MOST_STEPS, MOST_PARTS = 60, 40

PROJECT = re.compile(r"[\w\-]{1,60}\.bps")
_OPTION = re.compile(r"- \[([ xX])\] +(.+)")
_WITH = re.compile(r"\s+with\s+(.+)$")


def read(path: Path) -> Lesson:
    """The lesson of a file; raises FileError or LessonError, both naming the file."""

    def too_long(_count: int) -> Exception:
        return wrong_at(path, 1, N_("the file has more than {most} bytes."), most=MOST_BYTES)

    try:
        content = content_of(path, MOST_BYTES, too_long)
    except OSError as error:
        raise FileError(
            N_("{name} can't be read: {reason}."), name=path.name, reason=reason_of(error)
        ) from error
    return parse(content, path)


def parse(content: bytes, path: Path) -> Lesson:
    """The lesson of a file's content; errors name `path`, beside which its projects lie."""
    rows = rows_of(content, path)
    head, rest = _header(rows, path)
    projects: dict[str, Path] = {}
    steps = tuple(_steps(rest, path, projects))
    if not steps:
        raise wrong_at(path, rows[-1].number, N_("there is no step. A step begins with ## Title."))
    return Lesson(
        path=path,
        language=_language(path),
        title=needed(head, "title", path),
        number=whole(head, "number", path),
        source=needed(head, "source", path),
        minutes=whole(head, "minutes", path),
        goals=tuple(field.text for field in head if field.name == "goals" and field.text),
        steps=steps,
        projects=projects,
    )


def _header(rows: list[Row], path: Path) -> tuple[list[Field], list[Row]]:
    if not rows or rows[0].text != "---":
        template = N_("a lesson begins with a header between two lines of three dashes.")
        raise wrong_at(path, 1, template)
    end = next((i for i, row in enumerate(rows[1:], 1) if row.text == "---"), None)
    if end is None:
        raise wrong_at(path, 1, N_("the header has no end: a line of three dashes."))
    fields = fields_of(rows[1:end], path, ("title", "number", "minutes", "source", "goals"))
    return fields, rows[end + 1 :]


def _steps(rows: list[Row], path: Path, projects: dict[str, Path]) -> Iterator[LessonStep]:
    starts = [i for i, row in enumerate(rows) if _is_heading(rows, i)]
    if len(starts) > MOST_STEPS:
        template = N_("there are more than {most} steps.")
        raise wrong_at(path, rows[starts[MOST_STEPS]].number, template, most=MOST_STEPS)
    first = starts[0] if starts else len(rows)
    stray = next((row for row in rows[:first] if row.text.strip()), None)
    if stray is not None:
        template = N_("what stands before the first step belongs to none. Write ## Title above it.")
        raise wrong_at(path, stray.number, template)
    # Without a heading there is no step, and the end of the file ends nothing.
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=False):
        yield _step(rows[start:end], path, projects)


def _is_heading(rows: list[Row], place: int) -> bool:
    return rows[place].text.startswith("## ") or rows[place].text == "##"


def _step(rows: list[Row], path: Path, projects: dict[str, Path]) -> LessonStep:
    title, line = rows[0].text[3:].strip(), rows[0].number
    if not title:
        raise wrong_at(path, line, N_("the step has no title."))
    parts: list[Part] = []
    state = State()
    for kind, block in blocks_of(rows[1:], path):
        if not kind:
            parts.append(_text(block, path))
        elif kind == "state":
            state = _state(block, path, projects)
        elif kind == "exhibit":
            if any(isinstance(part, Tried) for part in parts):
                raise wrong_at(path, block[0].number, N_("a step has one exhibit at most."))
            parts.append(_exhibit(block, path))
        elif kind in _QUESTIONS:
            parts.append(_QUESTIONS[kind](block, path))
        else:
            template = N_("there is no block {kind}; there are {known}.")
            known = ", ".join(("state", "exhibit", *_QUESTIONS))
            raise wrong_at(path, block[0].number, template, kind=kind, known=known)
        if len(parts) > MOST_PARTS:
            template = N_("the step has more than {most} parts.")
            raise wrong_at(path, block[0].number, template, most=MOST_PARTS)
    return LessonStep(title, state, tuple(parts), line)


def _text(rows: list[Row], path: Path) -> Text:
    words = " ".join(row.text.strip() for row in rows)
    if len(words) > LONGEST_TEXT:
        template = N_("the text is longer than {most} characters.")
        raise wrong_at(path, rows[0].number, template, most=LONGEST_TEXT)
    item = words.startswith("- ")
    return Text(_bare(words[2:] if item else words), item)


def _bare(text: str) -> str:
    """Without the stars and ticks of Markdown: it is shown as plain text."""
    return re.sub(r"\*\*(.+?)\*\*|`(.+?)`", lambda found: found[1] or found[2], text)


def _state(rows: list[Row], path: Path, projects: dict[str, Path]) -> State:
    fields = fields_of(rows[1:], path, ("project", "moment", "highlight", "hide", "line", "fault"))
    found = {field.name: field for field in fields}
    project = found.get("project")
    if project is not None:
        projects[project.text] = _beside(project, path)
    hide = found.get("hide")
    if hide is not None and hide.text not in HIDES:
        template = N_("nothing called {text} can be hidden; there are {known}.")
        raise wrong_at(path, hide.line, template, text=hide.text, known=", ".join(HIDES))
    highlight = found["highlight"].text.split(",") if "highlight" in found else []
    return State(
        project=project.text if project else "",
        moment=found["moment"].text if "moment" in found else "",
        highlight=tuple(name.strip() for name in highlight if name.strip())[:MOST_ENTRIES],
        hide=hide.text if hide else ASKED,
        line=found["line"].text if "line" in found else "",
        fault=found["fault"].text if "fault" in found else "",
    )


def _exhibit(rows: list[Row], path: Path) -> Tried:
    fields = fields_of(rows[1:], path, ("kind", "of"))
    line = rows[0].number
    of = next((field.text for field in fields if field.name == "of"), "")
    return Tried(needed(fields, "kind", path, line), of, line)


def _beside(field: Field, path: Path) -> Path:
    """A project in the lesson's own folder, and nowhere else."""
    if not PROJECT.fullmatch(field.text):
        template = N_("a project is named as a file beside the lesson, such as xyz.bps.")
        raise wrong_at(path, field.line, template)
    place = path.parent / field.text
    if place.resolve().parent != path.parent.resolve():
        raise wrong_at(
            path, field.line, N_("{name} does not lie in the lesson's folder."), name=field.text
        )
    return place


def _predict(rows: list[Row], path: Path) -> Predict:
    fields = fields_of(rows[1:], path, ("ask", "key", "answer", "wrong"))
    line = rows[0].number
    return Predict(
        ask=needed(fields, "ask", path, line),
        key=_key(needed(fields, "key", path, line), path, line),
        answer=needed(fields, "answer", path, line),
        wrong=tuple(
            Wrong(*(part.strip() for part in _halves(field, path)))
            for field in fields
            if field.name == "wrong"
        ),
        line=line,
    )


def _halves(field: Field, path: Path) -> tuple[str, str]:
    answer, bar, reason = field.text.partition("|")
    if not bar or not reason.strip():
        template = N_("a wrong answer needs its reason, as in `wrong: 3 | Why 3 is wrong.`")
        raise wrong_at(path, field.line, template)
    return answer, reason


def _key(text: str, path: Path, line: int) -> Key:
    given: list[tuple[str, str]] = []
    found = _WITH.search(text)
    if found:
        text = text[: found.start()]
        # A value may be a list, with commas of its own.
        for part in re.split(r",(?![^\[]*\])", found[1]):
            name, sign, value = (piece.strip() for piece in part.partition("="))
            if not sign or not name or not value:
                template = N_("values are given as in `with x = 1, y = 2`.")
                raise wrong_at(path, line, template)
            given.append((name, value))
    kinds = ("value", "gradient", "formula", "best line", "positive sines")
    kind = next((kind for kind in kinds if text.startswith(kind + " ")), None)
    if kind is None:
        template = N_("an answer is computed from one of these: {known}.")
        raise wrong_at(path, line, template, known=", ".join(f"{kind} …" for kind in kinds))
    return Key(kind, text[len(kind) :].strip(), tuple(given[:MOST_ENTRIES]))


def _choose(rows: list[Row], path: Path) -> Choose:
    options = []
    others = []
    for row in rows[1:]:
        found = _OPTION.fullmatch(row.text)
        if found:
            text, _bar, reason = found[2].partition("|")
            options.append(Option(_bare(text.strip()), found[1] in "xX", reason.strip()))
        else:
            others.append(row)
    fields = fields_of(others, path, ("ask",))
    line = rows[0].number
    if not 2 <= len(options) <= MOST_ENTRIES or sum(option.right for option in options) != 1:
        template = N_("a choice has at least two options, one of them marked as right: - [x] …")
        raise wrong_at(path, line, template)
    return Choose(needed(fields, "ask", path, line), tuple(options), line)


def _do(rows: list[Row], path: Path) -> Do:
    fields = fields_of(rows[1:], path, ("ask", "until", "help"))
    line = rows[0].number
    until = needed(fields, "until", path, line).split(",")
    help = next((field.text for field in fields if field.name == "help"), "")
    conditions = tuple(condition.strip() for condition in until if condition.strip())
    return Do(needed(fields, "ask", path, line), conditions[:MOST_ENTRIES], help, line)


def _reflect(rows: list[Row], path: Path) -> Reflect:
    fields = fields_of(rows[1:], path, ("ask", "answer"))
    line = rows[0].number
    answer = " ".join(field.text for field in fields if field.name == "answer")
    return Reflect(needed(fields, "ask", path, line), answer, line)


_QUESTIONS: Mapping[str, Callable[[list[Row], Path], Question]] = {
    "predict": _predict,
    "choose": _choose,
    "do": _do,
    "reflect": _reflect,
}


def _language(path: Path) -> str:
    """The language that the file's name says: `lesson.ko.md`."""
    parts = path.name.split(".")
    spoken = parts[-2] if len(parts) > 2 else LANGUAGES[0]
    return spoken if spoken in LANGUAGES else LANGUAGES[0]
