"""Undo and redo: the projects that were, the one that is, the ones that were undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bpstudio.project.project import Project


@dataclass(frozen=True, eq=False)
class Entry:
    """A project, the name of the edit that led to it, and the key by which edits merge."""

    project: Project
    name: str = ""
    key: str | None = None


@dataclass(frozen=True, eq=False)
class History:
    """Every version of a project since it was opened, without a limit.

    Versions share what did not change between them, so keeping all of them is cheap. There are no
    inverse operations: undoing is going back to the very object that was.
    """

    present: Entry
    past: tuple[Entry, ...] = ()
    future: tuple[Entry, ...] = ()

    @staticmethod
    def of(project: Project) -> History:
        """The history of a project that was just opened."""
        return History(Entry(project))

    @property
    def project(self) -> Project:
        """The current project."""
        return self.present.project

    @property
    def undo_name(self) -> str | None:
        """The name of the edit that `undo` takes back; None if there is none."""
        return self.present.name if self.past else None

    @property
    def redo_name(self) -> str | None:
        """The name of the edit that `redo` brings back; None if there is none."""
        return self.future[0].name if self.future else None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all edits in order, those undone included."""
        entries = (*self.past, self.present, *self.future)
        return tuple(entry.name for entry in entries[1:])

    def push(self, name: str, project: Project, key: str | None = None) -> History:
        """The history after an edit of that name, which led to that project.

        An edit with the same key as the one before joins it, so that a drag, a slider or typing is
        one entry. An edit that changed nothing is none. What had been undone is forgotten.
        """
        if project is self.project:
            return self
        entry = Entry(project, name, key)
        if key is not None and key == self.present.key and self.past:
            return History(entry, self.past)
        return History(entry, (*self.past, self.present))

    def settled(self) -> History:
        """The same history, whose last edit is over: nothing joins it any more."""
        return replace(self, present=replace(self.present, key=None))

    def undo(self) -> History:
        """One edit back; as it stands if there is none."""
        if not self.past:
            return self
        present = replace(self.past[-1], key=None)
        return History(present, self.past[:-1], (self.present, *self.future))

    def redo(self) -> History:
        """One edit forward again; as it stands if there is none."""
        if not self.future:
            return self
        present = replace(self.future[0], key=None)
        return History(present, (*self.past, self.present), self.future[1:])
