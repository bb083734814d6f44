"""A sweep on its way, kept aside so that one that was ended from outside can go on.

Each has a folder of its own, with a file that the system keeps locked for as long as its studio
lives: `recipe.json` says what is varied of `project.bps`, and the rest is the folder of results
that every sweep can have. It goes when the sweep is over or given up, so what is found under a
lock that is free was cut off.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from bpstudio.errors import FileError, StudioError
from bpstudio.language import N_
from bpstudio.project import file
from bpstudio.project.disk import write_safely
from bpstudio.project.hold import lock
from bpstudio.project.project import Project

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from bpstudio.training.sweep import Outcome
    from bpstudio.training.sweeping import Folder

ALIVE, RECIPE, PROJECT, LINES = "alive.lock", "recipe.json", "project.bps", "runs.jsonl"
MOST_BYTES = 1_000_000

log = logging.getLogger(__name__)

Value = int | float | str


class Recipe(Struct, frozen=True):
    """What was asked for; `kind` is what the window calls it, `count` how many trials it has."""

    kind: Annotated[str, Meta(max_length=100)]
    vary: dict[str, list[Value]]
    seeds: Annotated[list[int], Meta(min_length=1)]
    steps: Annotated[int, Meta(ge=1)]
    count: Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, eq=False)
class Unfinished:
    """A sweep and the right to its folder."""

    path: Path
    recipe: Recipe
    claim: BaseFileLock

    @property
    def folder(self) -> Folder:
        """Where its results are kept as they come."""
        return _forgiving(self.path)

    @property
    def done(self) -> int:
        """How many of its trials are done, as far as is known."""
        try:
            return min(self.recipe.count, (self.path / LINES).read_bytes().count(b"\n"))
        except OSError:
            return 0

    def project(self) -> Project:
        """What it varies. Raises FileError where it can't be read any more."""
        try:
            return file.load(self.path / PROJECT)
        except (StudioError, OSError) as error:
            raise FileError(
                N_("What was kept of this comparison can't be read. {problem}"), problem=error
            ) from error

    def discard(self) -> None:
        """Give it up: nothing is left of it."""
        (self.path / RECIPE).unlink(missing_ok=True)
        self.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def release(self) -> None:
        """Leave it for another time."""
        self.claim.release()


def begun(
    root: Path,
    project: Project,
    vary: Mapping[str, Sequence[Any]],
    seeds: Sequence[int],
    steps: int,
    count: int,
    kind: str,
) -> Unfinished:
    """A new one, kept from now on. Raises OSError and FileError where nothing can be written."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / f"{time.time_ns():020x}-{os.getpid()}"
    path.mkdir()
    claim = lock(path / ALIVE)
    recipe = Recipe(kind, {n: list(v) for n, v in vary.items()}, list(seeds), steps, count)
    file.save(project, path / PROJECT)
    # The last: what has a recipe is whole.
    write_safely(path / RECIPE, msgspec.json.encode(recipe), versions=False)
    return Unfinished(path, recipe, claim)


def left_behind(root: Path) -> list[Unfinished]:
    """Those whose studio is gone, newest first, each claimed; what is none is removed."""
    found = []
    try:
        folders = sorted((path for path in root.iterdir() if path.is_dir()), reverse=True)
    except OSError:
        return []  # none was ever begun, or nothing of it can be read
    for path in folders:
        try:
            claim = lock(path / ALIVE)
        except OSError:
            continue  # its studio lives, or it is somebody else's
        try:
            recipe = _recipe(path / RECIPE)
        except OSError as error:
            # Another time it may be read: what it belongs to may be the work of hours.
            log.warning("a sweep that was cut off can't be read: %s", error)
            claim.release()
            continue
        if recipe is None:
            claim.release()
            shutil.rmtree(path, ignore_errors=True)
        else:
            found.append(Unfinished(path, recipe, claim))
    return found


def _recipe(path: Path) -> Recipe | None:
    """What the file says, if it is there and says it. Raises OSError where it can't be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        return msgspec.json.decode(path.read_bytes(), type=Recipe)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _forgiving(path: Path) -> Folder:
    from bpstudio.training.sweeping import Folder  # with the plans, which a start need not wait for

    class Forgiving(Folder):
        """A result that can't be kept is only done again, should the sweep be cut off."""

        def add(self, outcome: Outcome) -> None:
            try:
                super().add(outcome)
            except OSError as error:
                log.warning("a result of a sweep can't be kept aside: %s", error)

    return Forgiving(path)
