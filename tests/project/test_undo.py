"""Undo, redo, and edits that join into one."""

from __future__ import annotations

from dataclasses import replace

from bpstudio.project.history import History
from bpstudio.project.project import Project


def titled(title: str) -> Project:
    return Project(title=title)


def test_undo_and_redo_go_through_the_very_same_projects() -> None:
    first, second, third = titled("1"), titled("2"), titled("3")
    history = History.of(first).push("Two", second).push("Three", third)
    assert history.names == ("Two", "Three")
    assert (history.undo_name, history.redo_name) == ("Three", None)
    back = history.undo()
    assert back.project is second
    assert (back.undo_name, back.redo_name) == ("Two", "Three")
    assert back.undo().project is first
    assert back.undo().undo().undo().project is first
    assert back.undo().redo().redo().redo().project is third
    assert back.undo().names == ("Two", "Three")


def test_a_new_edit_forgets_what_was_undone() -> None:
    first, second, third = titled("1"), titled("2"), titled("3")
    history = History.of(first).push("Two", second).undo().push("Three", third)
    assert history.names == ("Three",)
    assert history.redo() is history
    assert history.undo().project is first


def test_an_edit_that_changes_nothing_is_none() -> None:
    first = titled("1")
    history = History.of(first).push("Two", titled("2")).undo()
    assert history.push("Nothing", first) is history
    assert history.redo_name == "Two"


def test_a_drag_is_one_edit() -> None:
    first = titled("1")
    history = History.of(first)
    for title in "234":
        history = history.push("Rate", titled(title), key="rate")
    assert history.names == ("Rate",)
    assert history.undo().project is first
    assert history.undo().redo().project.title == "4"


def test_only_the_same_key_right_after_joins() -> None:
    history = History.of(titled("1")).push("Rate", titled("2"), "rate")
    assert history.push("Batch", titled("3"), "batch").names == ("Rate", "Batch")
    assert history.push("Move", titled("3")).push("Move", titled("4")).names[1:] == ("Move", "Move")
    settled = history.settled().push("Rate", titled("3"), "rate")
    assert settled.names == ("Rate", "Rate")


def test_undo_and_redo_end_a_drag() -> None:
    dragged = History.of(titled("1")).push("A", titled("2"), "a").push("B", titled("3"), "b")
    again = dragged.undo().push("A", titled("4"), "a")
    assert again.names == ("A", "A")
    assert again.undo().project.title == "2"
    redone = dragged.undo().redo().push("B", titled("5"), "b")
    assert redone.names == ("A", "B", "B")


def test_there_is_no_limit() -> None:
    project = Project()
    history = History.of(project)
    for step in range(2_000):
        history = history.push("Note", replace(history.project, note=str(step)))
    for _ in range(2_000):
        history = history.undo()
    assert history.project is project
