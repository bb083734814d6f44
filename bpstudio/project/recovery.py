"""What a crash would take with it, kept aside while one works.

Each running studio has a folder of its own, and in it a file that the system keeps locked for as
long as the studio lives. A thread writes the newest project there, at most two seconds late and
with no wait for the window: `entry.json`, which holds the very `project.json` of a project file,
and each array once, under the name of its content. A folder whose lock is free was left behind:
its studio crashed. What lies in it is offered, and stays until it is saved or given up.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from bpstudio.engine.op import Array
from bpstudio.errors import FileError, StudioError, reason_of
from bpstudio.language import N_
from bpstudio.project import edits
from bpstudio.project.container import (
    MOST_ARRAY_BYTES,
    MOST_JSON_BYTES,
    MOST_MEMBERS,
    Parts,
    array_of,
    content_name,
    npy_pieces,
    refusal,
)
from bpstudio.project.disk import DISK, Disk, write_new, write_safely
from bpstudio.project.hold import lock
from bpstudio.project.limits import printable
from bpstudio.project.project import Project
from bpstudio.project.reading import project_of
from bpstudio.project.writing import parts_of

if TYPE_CHECKING:
    from filelock import BaseFileLock

log = logging.getLogger(__name__)

ENTRY, ALIVE, CLOSED, GIVEN_UP = "entry.json", "alive.lock", "closed", "given-up"
PAUSE = 0.5
"""Seconds between two writings, at least, so that a drag is not written a hundred times."""
SHARE = 4
"""A writing that takes long is followed by a pause of so many times its length…"""
LATEST = 1.8
"""…but by none so long that what changes just after one began is later on the disk than this."""
LAST_WAIT = 1.5
"""Seconds that an end waits for a slow disk."""
WAITING = 10.0
"""Seconds to wait for another studio that is just starting."""


class Moment(NamedTuple):
    """Where a training is that has not entered the project yet."""

    weights: Mapping[str, Array]
    losses: Array
    step: int


class Work(NamedTuple):
    """What there is to lose: the project, the file that it is of, and the newest moment.

    `file` is empty for a project that never was in one; `fingerprint` is what the file held when
    it was opened or saved last.
    """

    project: Project
    file: str = ""
    fingerprint: str = ""
    moment: Moment | None = None


class Entry(Struct):
    """What `entry.json` says; the arrays by name, each with the name of its content."""

    format: Annotated[int, Meta(ge=1, le=1)]
    when: float
    title: Annotated[str, Meta(max_length=1000)]
    file: Annotated[str, Meta(max_length=10_000)]
    fingerprint: Annotated[str, Meta(max_length=100)]
    nodes: int
    steps: int
    arrays: dict[str, Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]]
    document: msgspec.Raw


@dataclass(frozen=True, eq=False)
class Orphan:
    """A folder that was left behind, claimed so that no other studio offers it too.

    `entry` is None where there was nothing to lose. `crashed` says whether its studio ended badly,
    and not, say, because the machine was shut down.
    """

    folder: Path
    entry: Entry | None
    crashed: bool
    claim: BaseFileLock

    @property
    def began(self) -> float:
        """When its studio was started: seconds since 1970."""
        try:
            return int(self.folder.name.partition("-")[0], 16) / 1e9
        except ValueError:
            return 0.0

    def work(self) -> Work:
        """What was being worked on. Raises FileError, one sentence, where it can't be read."""
        if self.entry is None:
            raise FileError(N_("There was nothing to lose."))
        try:
            project = project_of(Parts(bytes(self.entry.document), self._arrays(self.entry)))
        except (StudioError, OSError) as error:
            raise FileError(
                N_("What was kept of {title} can't be read. {problem}"),
                title=self.entry.title or ENTRY,
                problem=reason_of(error),
            ) from error
        return Work(project, self.entry.file, self.entry.fingerprint)

    def discard(self) -> None:
        """Give up what was kept."""
        with contextlib.suppress(OSError):
            (self.folder / CLOSED).touch()
            (self.folder / ENTRY).unlink(missing_ok=True)
        self.claim.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def release(self) -> None:
        """Leave it for another time."""
        self.claim.release()

    def put_away(self) -> bool:
        """Have it not told of again where nothing can be offered of it; whether anything stays.

        An entry that can't be read may be of a newer studio, or say to somebody what was there.
        """
        if (self.folder / GIVEN_UP).exists() or not (self.folder / ENTRY).exists():
            self.discard()
            return False
        with contextlib.suppress(OSError):
            (self.folder / CLOSED).touch()
        self.claim.release()
        return True

    def _arrays(self, entry: Entry) -> dict[str, Array]:
        if len(entry.arrays) > MOST_MEMBERS:
            raise refusal(ENTRY, N_("it names {count} arrays."), count=len(entry.arrays))
        arrays, count = {}, 0
        for name, content in entry.arrays.items():
            path = self.folder / f"{content}.npy"
            count += path.stat().st_size
            if count > MOST_ARRAY_BYTES:
                raise refusal(
                    path.name, N_("it has more than {most} bytes."), most=MOST_ARRAY_BYTES
                )
            arrays[name] = array_of(path.name, path.read_bytes())
            if content_name(arrays[name]) != content:
                raise refusal(path.name, N_("the array is not the one that was written."))
        return arrays


def left_behind(root: Path) -> list[Orphan]:
    """The folders whose studio is gone, newest first, each claimed. Raises OSError."""
    found = []
    with _alone(root):
        for folder in sorted(root.iterdir(), reverse=True):
            if not folder.is_dir():
                continue
            try:
                claim = lock(folder / ALIVE)
            except OSError:
                continue  # its studio lives, or it is somebody else's
            given_up = (folder / GIVEN_UP).exists()
            entry = None if given_up else _entry(folder / ENTRY)
            crashed = not given_up and not (folder / CLOSED).exists()
            found.append(Orphan(folder, entry, crashed, claim))
    return found


def _entry(path: Path) -> Entry | None:
    try:
        if path.stat().st_size > 2 * MOST_JSON_BYTES:
            return None
        return msgspec.json.decode(path.read_bytes(), type=Entry)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        # It is renamed into place when it is whole, so this is not what we wrote.
        return None


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Only one studio at a time looks through the folders or makes one."""
    root.mkdir(parents=True, exist_ok=True)
    held = lock(root / "starting.lock", WAITING)
    try:
        yield
    finally:
        held.release()


def pause_after(took: float) -> float:
    """Seconds until the next writing may begin, when the last one took so long.

    What changes just after a writing began waits for its end, for the pause, and for the next one,
    which takes about as long.
    """
    return max(PAUSE, min(SHARE * took, LATEST - 2 * took))


class Recorder:
    """Writes the newest work from a thread of its own; none of its methods waits, but `close`.

    `told` hears of what went wrong, and `found`, once, of what others left behind: both from the
    thread.
    """

    def __init__(
        self,
        root: Path,
        *,
        found: Callable[[list[Orphan]], None] = lambda _orphans: None,
        told: Callable[[Exception], None] = lambda _error: None,
        disk: Disk = DISK,
    ) -> None:
        self._root, self._found, self._told, self._disk = root, found, told, disk
        self._wake = threading.Condition()
        self._wanted: Work | None = None
        self._changed = self._ended = False
        self._given_up = True
        self._coming: list[Orphan] = []
        self._adopted: list[Orphan] = []
        self._desk: _Desk | None = None
        self._thread = threading.Thread(target=self._run, name="recovery", daemon=True)
        self._thread.start()

    def keep(self, work: Work) -> None:
        """Have this be what is kept."""
        self._ask(work)

    def forget(self) -> None:
        """There is nothing to lose any more: it was saved, or given up."""
        self._ask(None)

    def adopt(self, orphan: Orphan) -> None:
        """Have the work of an orphan, which is kept from now on, take the place of its folder.

        To be called before `keep`: the folder goes when that work is written here, not before.
        """
        self._coming.append(orphan)

    def close(self, *, give_up: bool, patience: float = LAST_WAIT) -> None:
        """End the thread. What is kept stays, for the next start, unless it is given up.

        A disk that is too slow is left alone; what was given up is then not offered either.
        """
        with self._wake:
            self._ended, self._given_up = True, give_up
            self._wake.notify()
        self._thread.join(patience)
        if give_up and self._thread.is_alive() and self._desk is not None:
            self._desk.give_up()

    def _ask(self, work: Work | None) -> None:
        with self._wake:
            # Together: what was asked for before must not make an orphan go.
            self._wanted, self._changed = work, True
            self._adopted += self._coming
            self._coming = []
            self._wake.notify()

    # -- in the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            orphans = left_behind(self._root)
            self._desk = desk = _Desk.made(self._root, self._disk)
        except (OSError, NotImplementedError) as error:
            # The latter where the file system can't lock.
            self._told(error)
            self._found([])
            return
        self._found(orphans)
        ready = 0.0
        while self._wait(ready):
            began, written = time.monotonic(), True
            try:
                written = self._put(desk)
            except (OSError, StudioError, MemoryError) as error:
                self._told(error)
                self._try_again()
            except Exception as error:
                # A fault of ours with this work must not end the keeping of what comes next.
                log.exception("work can't be kept aside")
                self._told(error)
            ended = time.monotonic()
            if written:
                ready = ended + pause_after(ended - began)
        desk.leave(give_up=self._given_up)

    def _wait(self, ready: float) -> bool:
        """Until there is something to write and it is time to; False when it is over."""
        with self._wake:
            self._wake.wait_for(lambda: self._changed or self._ended)
            # What comes meanwhile takes the place of what was to be written.
            left = max(0.0, ready - time.monotonic())
            self._wake.wait_for(lambda: self._ended or self._wanted is None, left)
            return self._changed and not (self._ended and self._given_up)

    def _try_again(self) -> None:
        """What could not be written is wanted still: a full disk may have room in a moment."""
        with self._wake:
            self._changed = self._changed or not self._ended

    def _put(self, desk: _Desk) -> bool:
        """Keep what is wanted; whether there was something to write."""
        with self._wake:
            work, self._changed = self._wanted, False
            adopted = list(self._adopted)
        if work is None:
            desk.clear()
        else:
            desk.write(work)
        for orphan in adopted:
            orphan.discard()
            self._adopted.remove(orphan)
        return work is not None


class _Desk:
    """The folder of a running studio."""

    def __init__(self, folder: Path, claim: BaseFileLock, disk: Disk) -> None:
        self._folder, self._claim, self._disk = folder, claim, disk
        self._written: dict[int, tuple[Array, str]] = {}

    @staticmethod
    def made(root: Path, disk: Disk) -> _Desk:
        """A new one. Raises OSError."""
        with _alone(root):
            folder = root / f"{time.time_ns():020x}-{os.getpid()}"
            folder.mkdir()
            return _Desk(folder, lock(folder / ALIVE), disk)

    def write(self, work: Work) -> None:
        """Keep this, in the place of what was kept. Raises OSError and FileError."""
        if not self._folder.is_dir():
            self._make_again()
        project = _with_moment(work)
        parts = parts_of(project)
        # The arrays are held, so that no other can have the number of one that is gone.
        written = {id(array): (array, self._put(array)) for array in parts.arrays.values()}
        entry = Entry(
            format=1,
            when=time.time(),
            title=project.title,
            # A name that is no text can't be written down; the work can.
            file=work.file if printable(work.file) else "",
            fingerprint=work.fingerprint,
            nodes=len(project.graph.nodes),
            steps=project.trained.steps,
            arrays={name: written[id(array)][1] for name, array in parts.arrays.items()},
            document=msgspec.Raw(parts.document),
        )
        self._disk.sync_folder(self._folder)
        content = msgspec.json.encode(entry)
        write_safely(self._folder / ENTRY, content, self._disk, versions=False)
        self._written = written
        self._sweep({name for _, name in written.values()})

    def clear(self) -> None:
        """Keep nothing. Raises OSError."""
        self._disk.remove(self._folder / ENTRY)
        self._written = {}
        self._sweep(set())

    def give_up(self) -> None:
        """Have nothing offered of it, whatever is being written now."""
        with contextlib.suppress(OSError):
            (self._folder / GIVEN_UP).touch()

    def leave(self, *, give_up: bool) -> None:
        """End in good order; what is kept stays unless it is given up."""
        with contextlib.suppress(OSError):
            (self._folder / CLOSED).touch()
        if give_up:
            with contextlib.suppress(OSError):
                self.clear()
        empty = not (self._folder / ENTRY).exists()
        self._claim.release()
        if empty:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _make_again(self) -> None:
        """Somebody has tidied the folder away while the studio ran. Raises OSError."""
        with contextlib.suppress(OSError):
            self._claim.release()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._claim = lock(self._folder / ALIVE)
        self._written = {}

    def _put(self, array: Array) -> str:
        """Write an array, unless it lies there already; returns the name of its content."""
        known = self._written.get(id(array))
        if known is not None:
            return known[1]
        name = content_name(array)
        path = self._folder / f"{name}.npy"
        if not path.exists():
            write_new(path, npy_pieces(array), self._disk)
        return name

    def _sweep(self, used: set[str]) -> None:
        for path in self._folder.glob("*.npy"):
            if path.stem not in used:
                self._disk.remove(path)


def _with_moment(work: Work) -> Project:
    """The project as it would be if its training were paused now."""
    project, moment = work.project, work.moment
    if moment is None:
        return project
    weights = {**project.weights, **moment.weights}
    try:
        return edits.land_training(project, weights, project.statistics, moment.losses, moment.step)
    except StudioError:
        return project  # an edit has just taken the network away from the run
