"""Disks that are full and folders that can't be written to: the old file stays, and one is told."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bpstudio.errors import FileError
from bpstudio.project import edits, file
from bpstudio.project.gates import gate
from bpstudio.project.hold import hold, lock_beside
from bpstudio.project.project import Project
from bpstudio.project.recovery import Recorder, Work, left_behind

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")

NOBODY = 65534
ROOT = Path(__file__).parents[2]
SMALL = edits.set_title(edits.add_node(Project(), gate("input"), (0, 0)), "old")
LARGE = edits.set_title(edits.set_value(SMALL, "input1.value", np.zeros(200_000)), "new")

SAVING = """
import resource, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import numpy as np
from bpstudio.errors import FileError
from bpstudio.project import edits, file
from bpstudio.project.gates import gate
from bpstudio.project.project import Project
if sys.argv[3] != "-":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
path = Path(sys.argv[2])
small = edits.set_title(edits.add_node(Project(), gate("input"), (0, 0)), "old")
if not path.exists():
    file.save(small, path)
large = edits.set_title(edits.set_value(small, "input1.value", np.zeros(200_000)), "new")
try:
    file.save(large, path)
except FileError as error:
    print(error)
print(file.load(path).title, sorted(each.name for each in path.parent.iterdir()))
"""


def saved(path: Path, limit: str = "-", before: tuple[str, ...] = ()) -> list[str]:
    """What a process says that saves a large project over a small one."""
    done = subprocess.run(
        [*before, sys.executable, "-c", SAVING, str(ROOT), str(path), limit],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_disk_that_takes_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "프로젝트.bps"
    file.save(SMALL, path)
    sentence, rest = saved(path, "100000")
    assert "can't be saved" in sentence and path.name in sentence
    assert rest == f"old ['{path.name}']" or (".bak1" in rest and rest.startswith("old "))
    assert ".tmp" not in rest


@pytest.mark.parametrize("size", ["512k", "1m"])
def test_a_full_disk(tmp_path: Path, size: str) -> None:
    script = f'mount -t tmpfs -o size={size} tmpfs "{tmp_path}" && exec "$0" "$@"'
    inside = ("unshare", "-m", "sh", "-c", script)
    try:
        possible = subprocess.run([*inside, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if possible.returncode:
        pytest.skip("this process may not mount anything")
    sentence, rest = saved(tmp_path / "a.bps", before=inside)
    assert "can't be saved" in sentence
    assert rest.startswith("old ") and ".tmp" not in rest


def test_a_device_that_is_always_full(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no such device")
    link = tmp_path / "full.bps"
    link.symlink_to("/dev/full")
    with pytest.raises(FileError, match="device"):
        file.save(LARGE, link)


@contextmanager
def as_nobody() -> Iterator[None]:
    """With the rights of somebody who may write nowhere else; the superuser may everywhere."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of nobody's."""
    with tempfile.TemporaryDirectory() as made:
        if os.getuid() == 0:
            os.chown(made, NOBODY, NOBODY)
        yield Path(made)
        os.chmod(made, 0o700)


def test_a_folder_that_is_only_to_be_read(folder: Path) -> None:
    with as_nobody():
        path, aside = folder / "수업" / "a.bps", folder / "aside"
        path.parent.mkdir()
        file.save(SMALL, path)
        path.parent.chmod(0o555)
        with pytest.raises(FileError, match="save it under another name or in another folder"):
            file.save(LARGE, path)
        assert file.load(path).title == "old"
        assert [each.name for each in path.parent.iterdir()] == ["a.bps"]
        # Who has it open is known nevertheless, and the work is kept aside.
        held = hold(path, folder / "locks")
        assert held is not None
        assert hold(path, folder / "locks") is None
        assert not lock_beside(path).exists()
        held.release()
        recorder = Recorder(aside)
        recorder.keep(Work(LARGE, str(path)))
        recorder.close(give_up=False, patience=20)
        (orphan,) = left_behind(aside)
        assert orphan.work().project.title == "new"
        orphan.release()
        path.parent.chmod(0o755)


def test_a_file_that_is_only_to_be_read(folder: Path) -> None:
    with as_nobody():
        path = folder / "a.bps"
        file.save(SMALL, path)
        path.chmod(0o444)
        with pytest.raises(FileError, match="can't be saved"):
            file.save(LARGE, path)
        assert file.load(path).title == "old"


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "stick" / "a.bps"
    path.parent.mkdir()
    file.save(SMALL, path)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(FileError, match="another folder"):
        file.save(LARGE, path)
    assert not path.parent.exists()
