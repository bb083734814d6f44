"""Lessons from files: what is written is read, and what is hostile is refused with its line."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from bpstudio.errors import FileError, StudioError
from bpstudio.lessons import rows
from bpstudio.lessons.checking import check, check_lesson
from bpstudio.lessons.lesson import Choose, Do, Key, LessonError, Predict, Reflect, Text, Wrong
from bpstudio.lessons.reading import parse, read
from bpstudio.lessons.shelf import found_in, ours

HEAD = "---\ntitle: A lesson\nnumber: 1\nminutes: 5\nsource: nobody\ngoals:\n- one\n- two\n---\n"
STEP = "\n## First\n\nSome text,\non two lines.\n\n- an entry\n"


def lesson(body: str, place: Path = Path("lesson.en.md"), head: str = HEAD):  # type: ignore[no-untyped-def]
    """The lesson with that body."""
    return parse((head + body).encode(), place)


def test_a_lesson_with_everything() -> None:
    made = lesson(
        STEP + "\n```state\nproject: net.bps\nmoment: backward f\n"
        "highlight: a, b\nhide: gradients\n```\n"
        "\n```predict\nask: What is it?\nkey: gradient x via f.a\nanswer: 1/3\n"
        "wrong: 3 | Upside down.\n```\n"
        "\n```choose\nask: Which?\n- [ ] this | no\n- [x] that\n```\n"
        "\n```do\nask: Fuse it.\nuntil: has sigmoid, no exp\nhelp: Like so.\n```\n"
        "\n```reflect\nask: Why?\nanswer: Because.\n```\n"
    )
    assert (made.title, made.number, made.minutes, made.goals) == ("A lesson", 1, 5, ("one", "two"))
    (step,) = made.steps
    assert step.title == "First"
    assert step.state.project == "net.bps"
    assert step.state.highlight == ("a", "b")
    text, entry, predict, choose, do, reflect = step.parts
    assert isinstance(text, Text)
    assert text.text == "Some text, on two lines."
    assert isinstance(entry, Text)
    assert entry.item
    assert isinstance(predict, Predict)
    assert predict.key == Key("gradient", "x via f.a")
    assert predict.wrong == (Wrong("3", "Upside down."),)
    assert isinstance(choose, Choose)
    assert [option.right for option in choose.options] == [False, True]
    assert isinstance(do, Do)
    assert do.until == ("has sigmoid", "no exp")
    assert isinstance(reflect, Reflect)
    assert reflect.answer == "Because."


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("", 10, "no step"),
        ("words\n" + STEP, 10, "before the first step"),
        (STEP + "```predict\nask: x\n```\n", 17, "key is missing"),
        (STEP + "```predict\nask: x\n", 17, "no end"),
        (STEP + "```quiz\nask: x\n```\n", 17, "no block quiz"),
        (STEP + "```state\nproject: ../../etc/passwd\n```\n", 18, "beside the lesson"),
        (STEP + "```state\nproject: /elsewhere/x.bps\n```\n", 18, "beside the lesson"),
        (STEP + "```state\nhide: me\n```\n", 18, "nothing called me"),
        (STEP + "```choose\nask: x\n- [ ] a\n- [ ] b\n```\n", 17, "at least two options"),
        (STEP + "```predict\nask: x\nkey: magic\nanswer: 1\n```\n", 17, "computed from"),
        (STEP + "```predict\nask: x\nkey: value f\nanswer: 1\nwrong: 2\n```\n", 21, "its reason"),
        (STEP + "a\x07b\n", 17, "control character"),
        (STEP + "\u202eabc\n", 17, "control character"),
        (STEP + "x" * 3000 + "\n", 17, "longer than"),
        ("\n## \n", 11, "no title"),
        ("\n## a\n# b\n", 12, "two signs"),
        ("\n## s\n" * 70, 131, "more than 60 steps"),
    ],
)
def test_errors_name_the_file_and_the_line(body: str, line: int, words: str) -> None:
    with pytest.raises(LessonError) as caught:
        lesson(body)
    assert str(caught.value).startswith(f"lesson.en.md, line {line}: ")
    assert words in str(caught.value)


def test_a_project_behind_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "01-a"
    folder.mkdir()
    (tmp_path / "secret.bps").write_bytes(b"")
    (folder / "net.bps").symlink_to(tmp_path / "secret.bps")
    with pytest.raises(LessonError, match="does not lie in"):
        lesson(STEP + "```state\nproject: net.bps\n```\n", folder / "lesson.en.md")


def test_a_file_too_large_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "lesson.en.md"
    with pytest.raises(FileError, match=r"lesson\.en\.md"):
        read(path)
    path.write_bytes(b"x" * (rows.MOST_BYTES + 1))
    with pytest.raises(LessonError, match="bytes"):
        read(path)
    with pytest.raises(FileError, match="no lesson"):
        found_in(tmp_path / "nowhere")


def test_thousands_of_broken_lessons_are_read_or_refused_and_nothing_else() -> None:
    chance = random.Random(7)
    originals = [path.read_bytes() for shelved in ours() for _language, path in shelved.files]
    refused = 0
    for _mutant in range(3000):
        content = bytearray(chance.choice(originals)[: chance.randrange(400, 6000)])
        for _change in range(chance.randrange(1, 12)):
            place = chance.randrange(len(content))
            match chance.randrange(4):
                case 0:
                    content[place] = chance.randrange(256)
                case 1:
                    del content[place : place + chance.randrange(1, 40)]
                case 2:
                    content[place:place] = chance.choice(
                        [b"```", b"\n## ", b"---\n", b"key: ", b"- [x] ", b"|", b"\x00", b": "]
                    )
                case _:
                    other = chance.choice(originals)
                    begin = chance.randrange(len(other))
                    content[place:place] = other[begin : begin + chance.randrange(1, 200)]
            if not content:
                content = bytearray(b"-")
        try:
            made = parse(bytes(content), ours()[0].folder / "lesson.en.md")
        except LessonError as error:
            refused += 1
            assert str(error).startswith("lesson.en.md, line ")
        else:
            assert all(outcome.path for outcome in check_lesson(made) if outcome.problem)
    assert 1000 < refused < 3000


def test_every_answer_of_our_lessons_is_right_in_both_languages() -> None:
    assert len(ours()) >= 3
    for shelved in ours():
        assert {language for language, _path in shelved.files} == {"en", "ko"}
        problems = [outcome.problem for outcome in check(shelved) if outcome.problem]
        assert problems == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("answer: 3\n", "answer: 4\n", "is given as 4, but it is 3"),
        ("wrong: 7 |", "wrong: 3 |", "would be accepted"),
        ("key: value q\n", "key: value nobody\n", "no such number"),
        ("moment: start", "moment: backward nowhere", "no moment"),
        ("until: value x", "until: wish x", "no condition wish"),
        ("highlight: f", "highlight: g", "network has no g"),
    ],
)
def test_a_check_finds_what_is_wrong(tmp_path: Path, old: str, new: str, words: str) -> None:
    ours_here = next(each for each in ours() if each.folder.name == "03-chain-rule")
    for path in ours_here.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "lesson.en.md"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    problems = [outcome.problem for outcome in check(found_in(tmp_path)[0]) if outcome.problem]
    assert any(words in problem and "lesson.en.md, line " in problem for problem in problems)


def test_languages_that_say_different_things_are_told(tmp_path: Path) -> None:
    for path in ours()[0].folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "lesson.ko.md"
    path.write_text(path.read_text("utf-8").replace("moment: start", "moment: end", 1), "utf-8")
    problems = [outcome.problem for outcome in check(found_in(tmp_path)[0])]
    assert any("differs from that in lesson.en.md" in problem for problem in problems)


def test_a_lesson_that_can_not_be_read_is_an_outcome(tmp_path: Path) -> None:
    (tmp_path / "lesson.en.md").write_text("nothing", "utf-8")
    (outcome,) = check(found_in(tmp_path)[0])
    assert "header" in outcome.problem
    with pytest.raises(StudioError):
        found_in(tmp_path)[0].read("en")


def test_the_right_option_does_not_always_stand_in_one_place() -> None:
    places = Counter(
        next(place for place, option in enumerate(part.options) if option.right)
        for shelved in ours()
        for step in shelved.read("en").steps
        for part in step.questions
        if isinstance(part, Choose)
    )
    assert max(places.values()) < places.total() / 2


def test_both_languages_have_their_options_in_one_order() -> None:
    for shelved in ours():
        both = [
            [
                [option.right for option in part.options]
                for step in shelved.read(language).steps
                for part in step.questions
                if isinstance(part, Choose)
            ]
            for language in ("en", "ko")
        ]
        assert both[0] == both[1], shelved.folder.name
