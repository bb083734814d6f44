"""Saving: the file is the old one or the new one, whatever fails and whenever the program dies."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bpstudio.errors import REASONS, FileError
from bpstudio.project import edits, file
from bpstudio.project.disk import Disk, older_versions, remove_stale, write_safely
from bpstudio.project.gates import gate
from bpstudio.project.project import Project

OLD = edits.set_title(edits.add_node(Project(), gate("input"), (0, 0)), "old")
NEW = edits.set_title(edits.set_value(OLD, "input1.value", np.arange(1000.0)), "new")
CALLS = tuple(name for name in vars(Disk) if not name.startswith("_") and name != "pause")


class Broken(Disk):
    """A disk whose `at`-th call, and every later one if `forever`, fails."""

    def __init__(self, at: int, number: int, forever: bool = False) -> None:
        self.count, self.at, self.number, self.forever = 0, at, number, forever
        self.called: list[str] = []

    def tick(self, name: str) -> None:
        self.called.append(name)
        self.count += 1
        if self.count == self.at or (self.forever and self.count > self.at):
            raise OSError(self.number, os.strerror(self.number))


def _ticking(name: str) -> Callable[..., object]:
    whole = getattr(Disk, name)

    def call(self: Broken, *arguments: object) -> object:
        self.tick(name)
        return whole(self, *arguments)

    return call


for _name in CALLS:
    setattr(Broken, _name, _ticking(_name))


class Held(Disk):
    """A disk of Windows on which another program holds the file for some tries."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        self.pauses: list[float] = []

    def replace(self, path: Path, target: Path) -> None:
        if self.tries and not target.name.startswith("."):
            self.tries -= 1
            error = PermissionError(errno.EACCES, "Access is denied")
            error.winerror = 5  # type: ignore[attr-defined, unused-ignore]
            raise error
        super().replace(path, target)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def title(path: Path) -> str:
    return file.load(path).title


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A saved project, in a folder whose name is not ASCII."""
    folder = tmp_path / "최민혁 é"
    folder.mkdir()
    path = folder / "프로젝트.bps"
    file.save(OLD, path)
    return path


def test_saving_writes_the_new_and_keeps_three_older_versions(path: Path) -> None:
    for number in range(1, 6):
        file.save(edits.set_title(NEW, f"{number}"), path)
    assert title(path) == "5"
    assert [title(version) for version in older_versions(path)] == ["4", "3", "2"]
    assert len(names(path.parent)) == 4


def test_saving_again_what_is_there_pushes_no_older_version_out(path: Path) -> None:
    file.save(NEW, path)
    for _again in range(4):
        file.save(NEW, path)
    assert title(path) == "new"
    assert [title(version) for version in older_versions(path)] == ["old"]


def test_a_new_file_has_no_older_versions(path: Path) -> None:
    assert older_versions(path) == ()
    assert names(path.parent) == {"프로젝트.bps"}


@pytest.mark.parametrize("place", ["pack", "unpack", "write_safely"])
def test_too_little_memory_is_a_sentence_and_changes_nothing(
    path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_memory(*_arguments: object, **_named: object) -> None:
        raise MemoryError

    file.save(OLD, path)
    before = path.read_bytes()
    monkeypatch.setattr(file, place, without_memory)
    with pytest.raises(FileError, match="there is not enough memory"):
        file.save(NEW, path)
    if place == "unpack":
        with pytest.raises(FileError, match="There is not enough memory"):
            file.load(path)
    assert path.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("through_link", [False, True])
def test_a_device_is_not_replaced(path: Path, through_link: bool) -> None:
    device = target = path.with_name("device")
    os.mkfifo(device)
    if through_link:
        target = path.with_name("link")
        target.symlink_to(device)
    before = names(path.parent)
    with pytest.raises(FileError, match="it is a folder or a device, not a file"):
        file.save(NEW, target)
    assert stat.S_ISFIFO(device.stat().st_mode)
    assert names(path.parent) == before


@pytest.mark.parametrize("forever", [False, True])
@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EINTR]
)
def test_every_call_to_the_system_may_fail(path: Path, number: int, forever: bool) -> None:
    file.save(OLD, path)
    at, failures = 1, 0
    while True:
        broken = Broken(at, number, forever)
        try:
            file.save(NEW, path, disk=broken)
        except FileError as error:
            failures += 1
            assert path.name in str(error)
            assert REASONS.get(number, os.strerror(number)) in str(error)
            assert title(path) in ("old", "new")
            if broken.called[-1] != "remove":
                assert not [name for name in names(path.parent) if name.endswith(".tmp")]
        else:
            assert title(path) == "new"
            if broken.count < at:
                break
        file.save(OLD, path)
        at += 1
    assert failures >= 8
    assert {"create", "write", "sync", "close", "replace", "sync_folder"} <= set(broken.called)


def test_a_file_system_without_links_gets_copies(path: Path) -> None:
    class WithoutLinks(Disk):
        def link(self, path: Path, new: Path) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

    file.save(NEW, path, disk=WithoutLinks())
    assert title(path) == "new"
    assert [title(version) for version in older_versions(path)] == ["old"]


def test_a_disk_that_writes_little_at_a_time(path: Path) -> None:
    class Slow(Disk):
        def write(self, file: int, content: memoryview) -> int:
            return os.write(file, content[:1000])

    file.save(NEW, path, disk=Slow())
    assert title(path) == "new"


def test_failed_savings_lose_no_older_version(path: Path) -> None:
    file.save(edits.set_title(OLD, "second"), path)
    file.save(edits.set_title(OLD, "third"), path)
    for _ in range(5):
        with pytest.raises(FileError):
            file.save(NEW, path, disk=Held(99))
    assert title(path) == "third"
    assert [title(version) for version in older_versions(path)] == ["third", "second", "old"]


@pytest.mark.parametrize("tries", range(8))
def test_a_file_that_is_held_on_windows_is_tried_again(path: Path, tries: int) -> None:
    held = Held(tries)
    if tries > 6:
        with pytest.raises(FileError, match="save it under another name"):
            file.save(NEW, path, disk=held)
        assert title(path) == "old"
    else:
        file.save(NEW, path, disk=held)
        assert title(path) == "new"
    assert held.pauses == [0.01, 0.025, 0.05, 0.1, 0.2, 0.4][:tries]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no SIGKILL")
def test_killed_at_any_call(path: Path) -> None:
    """A process that is killed in the middle of saving leaves the old file or the new one."""
    program = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bpstudio.project import edits, file
from bpstudio.project.disk import Disk

class Deadly(Disk):
    def __init__(self, at):
        self.left = at

def deadly(name):
    whole = getattr(Disk, name)
    def call(self, *arguments):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(self, *arguments)
    return call

for name in [name for name in vars(Disk) if not name.startswith("_")]:
    setattr(Deadly, name, deadly(name))

path = Path(sys.argv[2])
old = file.load(path)
new = edits.set_title(old, "new")
at, found = 1, []
while True:
    child = os.fork()
    if child == 0:
        try:
            file.save(new, path, disk=Deadly(at))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    found.append(file.load(path).title)
    if os.WIFEXITED(status):
        break
    file.save(old, path)
    at += 1
print(" ".join(found))
"""
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program, root, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={"OPENBLAS_NUM_THREADS": "1"},
    )
    found = done.stdout.split()
    assert len(found) > 8
    assert set(found) == {"old", "new"}
    assert found == sorted(found, reverse=True)


def test_what_a_killed_saving_left_is_removed_later(path: Path) -> None:
    folder = path.parent
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    long_ago = path.stat().st_mtime - 7200

    def left(name: str, when: float) -> Path:
        made = folder / name
        made.write_bytes(b"half")
        os.utime(made, (when, when))
        return made

    gone = left(f".프로젝트.bps.{ended.pid}.tmp", long_ago)
    left(f".other.bps.{os.getpid()}.tmp", long_ago)
    left(f".fresh.bps.{ended.pid}.tmp", path.stat().st_mtime)
    left("of somebody else.tmp", long_ago)
    left(".hidden.tmp", long_ago)
    # Windows tells of no process whether it runs, and a number is given again and again.
    ancient = left(f".ancient.bps.{os.getpid()}.tmp", long_ago - 7 * 24 * 3600)
    before = names(folder)
    assert set(remove_stale(folder)) == {gone, ancient}
    assert names(folder) == before - {gone.name, ancient.name}
    assert title(path) == "old"


def test_a_stale_file_of_the_same_number_is_no_obstacle(path: Path) -> None:
    (path.parent / f".{path.name}.{os.getpid()}.tmp").write_bytes(b"half")
    file.save(NEW, path)
    assert title(path) == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.bps"
    link.symlink_to(path)
    file.save(NEW, link)
    assert link.is_symlink()
    assert title(path) == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_permissions_stay(path: Path) -> None:
    path.chmod(0o640)
    file.save(NEW, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_read_only_file_is_not_replaced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(FileError, match="it is not permitted"):
        file.save(NEW, path)
    assert title(path) == "old"


@pytest.mark.parametrize("place", ["no such folder/x.bps", "프로젝트.bps/x.bps", ".", "a\0b.bps"])
def test_places_where_nothing_can_be_saved(path: Path, place: str) -> None:
    with pytest.raises(FileError, match="can't be saved"):
        file.save(NEW, path.parent / place)
    assert names(path.parent) == {path.name}


def test_what_can_not_be_read_back_is_not_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "pack", lambda parts: b"PK\x03\x04 half of a file")
    with pytest.raises(FileError, match="could not be read back"):
        file.save(NEW, path)
    monkeypatch.undo()
    assert title(path) == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts letters, not bytes")
@pytest.mark.parametrize("letters", [81, 82, 83])
def test_a_name_that_can_be_opened_can_be_saved(tmp_path: Path, letters: int) -> None:
    path = tmp_path / f"{'가' * letters}.bps"
    path.write_bytes(file.to_bytes(OLD))
    twin = path.with_name(f"{'가' * (letters - 1)}나.bps")
    twin.write_bytes(path.read_bytes())
    for project in (NEW, OLD, NEW):
        file.save(project, path)
        file.save(project, twin)
    for each in (path, twin):
        assert title(each) == "new"
        assert [title(version) for version in older_versions(each)] == ["old", "new", "old"]
    assert not [name for name in names(tmp_path) if name.endswith(".tmp")]
    assert len(names(tmp_path)) == 8


def test_what_a_killed_saving_of_a_long_name_left_is_removed_too(tmp_path: Path) -> None:
    class Dying(Disk):
        def remove(self, path: Path) -> None:
            if path.exists():
                raise OSError(errno.EIO, os.strerror(errno.EIO))

        def replace(self, path: Path, target: Path) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(FileError):
        file.save(NEW, tmp_path / f"{'a' * 249}.bps", disk=Dying())
    (left,) = tmp_path.iterdir()
    os.utime(left, (0, 0))
    assert remove_stale(tmp_path) == (left,)


def test_files_without_older_versions(path: Path) -> None:
    write_safely(path, b"something else", versions=False)
    assert path.read_bytes() == b"something else"
    assert names(path.parent) == {path.name}
