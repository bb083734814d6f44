"""Recovery: what is not saved is kept aside, offered after a crash, and gone when it is saved."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bpstudio.data import toys
from bpstudio.errors import FileError
from bpstudio.playback.scene import laid_out
from bpstudio.project import build, edits, file
from bpstudio.project.disk import Disk
from bpstudio.project.project import Project
from bpstudio.project.recovery import (
    ALIVE,
    CLOSED,
    ENTRY,
    PAUSE,
    Moment,
    Orphan,
    Recorder,
    Work,
    left_behind,
    pause_after,
)

PATIENCE = 20.0


def a_project(title: str = "나선") -> Project:
    project = build.network(toys.make("spiral", points=30, arms=3), (2, 4, 3), title=title)
    return edits.set_note(laid_out(project), "a note\nof two lines")


class Kept:
    """Recorders on one folder, and what they said."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.open: list[Recorder] = []
        self.said: list[Exception] = []
        self.found: list[list[Orphan]] = []

    def start(self, disk: Disk | None = None) -> Recorder:
        """Another studio; returns once it has looked at what was left behind."""
        ready = threading.Event()

        def found(orphans: list[Orphan]) -> None:
            self.found.append(orphans)
            ready.set()

        def told(error: Exception) -> None:
            self.said.append(error)
            ready.set()

        made = Recorder(self.root, found=found, told=told, disk=disk or Disk())
        assert ready.wait(PATIENCE)
        self.open.append(made)
        return made

    def end(self, *, give_up: bool) -> None:
        """End the newest studio in good order, when it has written what it was to write."""
        self.open.pop().close(give_up=give_up, patience=PATIENCE)

    def folders(self) -> list[Path]:
        return [path for path in self.root.iterdir() if path.is_dir()]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path / "복구 é")
    yield made
    while made.open:
        made.end(give_up=True)


def leave(kept: Kept, work: Work) -> None:
    """A studio that ends as one does that is told to by the system."""
    kept.start().keep(work)
    kept.end(give_up=False)


def test_what_was_kept_is_the_project_to_the_last_bit(kept: Kept) -> None:
    project = a_project()
    leave(kept, Work(project, "/somewhere/a.bps", "abc"))
    (orphan,) = left_behind(kept.root)
    assert orphan.entry is not None
    assert (orphan.entry.title, orphan.entry.nodes) == ("나선", len(project.graph.nodes))
    work = orphan.work()
    assert file.to_bytes(work.project) == file.to_bytes(project)
    assert (work.file, work.fingerprint) == ("/somewhere/a.bps", "abc")
    assert work.project.places == project.places
    assert work.project.training.seed == project.training.seed
    orphan.release()


def test_a_project_that_never_was_in_a_file_is_kept_too(kept: Kept) -> None:
    leave(kept, Work(Project()))
    (orphan,) = left_behind(kept.root)
    work = orphan.work()
    assert (work.file, work.fingerprint) == ("", "")
    assert file.to_bytes(work.project) == file.to_bytes(Project())
    orphan.release()


def test_the_newest_moment_of_a_training_is_part_of_it(kept: Kept) -> None:
    project = a_project()
    weights = {key: weight + 1 for key, weight in project.weights.items()}
    leave(kept, Work(project, moment=Moment(weights, np.array([3.0, 2.0]), 2)))
    (orphan,) = left_behind(kept.root)
    found = orphan.work().project
    assert found.trained.steps == 2
    np.testing.assert_array_equal(found.trained.losses, [3.0, 2.0])
    for key, weight in weights.items():
        np.testing.assert_array_equal(found.weights[key], weight)
    orphan.release()


def test_a_moment_of_another_network_is_left_out(kept: Kept) -> None:
    project = a_project()
    moment = Moment({"dense1.weight": np.zeros((7, 7))}, np.zeros(1), 1)
    leave(kept, Work(project, moment=moment))
    (orphan,) = left_behind(kept.root)
    assert file.to_bytes(orphan.work().project) == file.to_bytes(project)
    orphan.release()


def test_nothing_is_offered_after_a_clean_end(kept: Kept) -> None:
    kept.start().keep(Work(a_project()))
    kept.end(give_up=True)
    assert left_behind(kept.root) == []
    assert kept.folders() == []


def test_what_was_saved_is_not_offered(kept: Kept) -> None:
    recorder = kept.start()
    recorder.keep(Work(a_project()))
    recorder.forget()
    kept.end(give_up=False)
    assert kept.folders() == []


def test_a_studio_that_lives_is_left_alone(kept: Kept) -> None:
    kept.start().keep(Work(a_project("first")))
    kept.start()
    assert kept.found == [[], []]
    assert left_behind(kept.root) == []
    assert len(kept.folders()) == 2


def test_two_that_look_at_once_do_not_offer_the_same(kept: Kept) -> None:
    leave(kept, Work(a_project()))
    (orphan,) = left_behind(kept.root)
    assert left_behind(kept.root) == []
    orphan.release()
    (again,) = left_behind(kept.root)
    again.release()


def test_a_second_crash_before_saving_loses_nothing(kept: Kept) -> None:
    leave(kept, Work(a_project("first")))
    recorder = kept.start()
    (orphan,) = kept.found[-1]
    restored = orphan.work()
    # It crashes at once, before anything was written anew: the first folder is still there.
    orphan.release()
    kept.end(give_up=False)
    recorder = kept.start()
    (orphan,) = kept.found[-1]
    recorder.adopt(orphan)
    recorder.keep(restored._replace(project=edits.set_title(restored.project, "second")))
    kept.end(give_up=False)
    (orphan,) = left_behind(kept.root)
    assert orphan.work().project.title == "second"
    assert len(kept.folders()) == 1
    orphan.release()


def test_the_folder_of_an_orphan_stays_while_its_work_can_not_be_written(kept: Kept) -> None:
    leave(kept, Work(a_project("first")))

    class Full(Disk):
        def create(self, path: Path) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    recorder = kept.start(Full())
    (orphan,) = kept.found[-1]
    recorder.adopt(orphan)
    recorder.keep(orphan.work())
    kept.end(give_up=False)
    assert [error for error in kept.said if isinstance(error, OSError)]
    orphan.release()
    (again,) = left_behind(kept.root)
    assert again.work().project.title == "first"
    again.release()


def test_what_was_asked_before_does_not_make_an_orphan_go(kept: Kept) -> None:
    """The studio has just said that it has nothing to lose; then work is restored; it crashes."""
    leave(kept, Work(a_project("first")))
    held, go_on = threading.Event(), threading.Event()

    class Slow(Disk):
        def remove(self, path: Path) -> None:
            held.set()
            assert go_on.wait(PATIENCE)
            super().remove(path)

    recorder = kept.start(Slow())
    (orphan,) = kept.found[-1]
    recorder.forget()
    assert held.wait(PATIENCE)  # it is about to clear its own folder
    recorder.forget()
    recorder.adopt(orphan)
    go_on.set()
    kept.end(give_up=False)
    assert (orphan.folder / ENTRY).exists()
    orphan.release()
    (again,) = left_behind(kept.root)
    assert again.work().project.title == "first"
    again.release()


def test_given_up_is_gone(kept: Kept) -> None:
    leave(kept, Work(a_project()))
    (orphan,) = left_behind(kept.root)
    orphan.discard()
    assert kept.folders() == []


def test_arrays_are_written_once(kept: Kept) -> None:
    written: list[str] = []

    class Counting(Disk):
        def replace(self, path: Path, target: Path) -> None:
            written.append(target.name)
            super().replace(path, target)

    project = a_project()
    recorder = kept.start(Counting())
    recorder.keep(Work(project))
    for number in range(3):
        project = edits.set_title(project, f"{number}")
        recorder.keep(Work(project))
    kept.end(give_up=False)
    arrays = [name for name in written if name.endswith(".npy")]
    assert len(arrays) == len(set(arrays)) > 3
    assert ENTRY in written
    (orphan,) = left_behind(kept.root)
    assert orphan.work().project.title == "2"
    orphan.release()


def test_arrays_that_nobody_needs_any_more_are_removed(kept: Kept) -> None:
    recorder = kept.start()
    project = a_project()
    recorder.keep(Work(project))
    weights = {key: weight * 2 for key, weight in project.weights.items()}
    recorder.keep(Work(replace(project, weights=weights)))
    kept.end(give_up=False)
    (orphan,) = left_behind(kept.root)
    assert orphan.entry is not None
    used = set(orphan.entry.arrays.values())
    assert {path.stem for path in orphan.folder.glob("*.npy")} == used
    orphan.release()


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = Kept(tmp_path / "file" / "recovery")
    kept.start().keep(Work(a_project()))
    kept.end(give_up=False)
    assert len(kept.said) == 1


@pytest.mark.parametrize("harm", ["entry", "array", "missing", "escape", "half", "huge"])
def test_a_damaged_folder_is_one_sentence(kept: Kept, harm: str, tmp_path: Path) -> None:
    leave(kept, Work(a_project()))
    (folder,) = kept.folders()
    entry, array = folder / ENTRY, sorted(folder.glob("*.npy"))[0]
    content = entry.read_bytes()
    if harm == "entry":
        entry.write_bytes(content.replace(b'"format":1', b'"format":7'))
    elif harm == "half":
        entry.write_bytes(content[: len(content) // 2])
    elif harm == "array":
        array.write_bytes(array.read_bytes()[:-1] + b"\x7f")
    elif harm == "huge":
        array.write_bytes(array.read_bytes() + b"x")
    elif harm == "missing":
        array.unlink()
    else:
        (tmp_path / "outside.npy").write_bytes(array.read_bytes())
        entry.write_bytes(content.replace(array.stem.encode(), b"../../outside"))
    (orphan,) = left_behind(kept.root)
    if harm in ("entry", "half", "escape"):
        assert orphan.entry is None
    with pytest.raises(FileError):
        orphan.work()
    orphan.release()


@pytest.mark.parametrize("harm", ["newer", "half", "none"])
def test_what_can_not_be_offered_stays_unless_it_is_nothing(kept: Kept, harm: str) -> None:
    leave(kept, Work(a_project()))
    (folder,) = kept.folders()
    (folder / CLOSED).unlink()
    entry = folder / ENTRY
    content = entry.read_bytes()
    if harm == "newer":
        entry.write_bytes(content.replace(b'"format":1', b'"format":7'))
    elif harm == "half":
        entry.write_bytes(content[: len(content) // 2])
    else:
        entry.unlink()
    (orphan,) = left_behind(kept.root)
    assert orphan.put_away() == (harm != "none")
    assert entry.exists() == (harm != "none")
    assert [again.crashed for again in claimed(kept.root)] == [False] * (harm != "none")


def claimed(root: Path) -> list[Orphan]:
    """What another start finds."""
    orphans = left_behind(root)
    for orphan in orphans:
        orphan.release()
    return orphans


@pytest.mark.parametrize("fault", [OSError(28, "full"), MemoryError("none left")])
def test_what_could_not_be_written_is_tried_again_unasked(kept: Kept, fault: Exception) -> None:
    class Full(Disk):
        """Has room only from the second try on."""

        written = threading.Event()
        failed = False

        def create(self, path: Path) -> int:
            if not self.failed:
                self.failed = True
                raise fault
            return super().create(path)

        def replace(self, path: Path, target: Path) -> None:
            super().replace(path, target)
            if target.name == ENTRY:
                self.written.set()

    disk = Full()
    kept.start(disk).keep(Work(a_project()))
    assert disk.written.wait(PATIENCE)
    assert kept.said == [fault]


def test_a_fault_of_ours_does_not_end_the_keeping(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(Disk):
        """Has one fault."""

        failed = threading.Event()

        def create(self, path: Path) -> int:
            if not self.failed.is_set():
                self.failed.set()
                raise RuntimeError("a fault")
            return super().create(path)

    disk = Faulty()
    recorder = kept.start(disk)
    recorder.keep(Work(a_project()))
    assert disk.failed.wait(PATIENCE)
    recorder.keep(Work(a_project("next")))
    kept.end(give_up=False)
    (orphan,) = left_behind(kept.root)
    assert orphan.work().project.title == "next"
    orphan.release()
    assert [str(error) for error in kept.said] == ["a fault"]
    assert "a fault" in caplog.text
    caplog.clear()


def test_work_whose_file_has_a_name_that_is_no_text_is_kept(kept: Kept) -> None:
    leave(kept, Work(a_project(), "/somewhere/\udcb1\udcd7.bps", "abc"))
    (orphan,) = left_behind(kept.root)
    work = orphan.work()
    assert (work.project.title, work.file) == ("나선", "")
    orphan.release()


def test_a_folder_that_was_tidied_away_meanwhile_is_made_again(kept: Kept) -> None:
    recorder = kept.start()
    shutil.rmtree(kept.root)
    recorder.keep(Work(a_project()))
    kept.end(give_up=False)
    (orphan,) = left_behind(kept.root)
    assert orphan.work().project.title == "나선"
    orphan.release()
    assert kept.said == []


def test_a_disk_that_hangs_keeps_nobody_from_leaving(kept: Kept, tmp_path: Path) -> None:
    class Slow(Disk):
        """Takes its time, once it is asked to."""

        hanging, hung, free = False, threading.Event(), threading.Event()
        written = threading.Event()

        def sync_folder(self, folder: Path) -> None:
            if self.hanging:
                self.hung.set()
                self.free.wait(PATIENCE)
            super().sync_folder(folder)

        def replace(self, path: Path, target: Path) -> None:
            super().replace(path, target)
            if target.name == ENTRY:
                self.written.set()

    disk = Slow()
    recorder = kept.start(disk)
    recorder.keep(Work(a_project()))
    assert disk.written.wait(PATIENCE)
    disk.hanging = True
    recorder.keep(Work(a_project("more")))
    assert disk.hung.wait(PATIENCE)
    recorder.close(give_up=True, patience=0.01)
    # As if the process had ended now, with what it had kept before.
    shutil.copytree(kept.root, tmp_path / "later")
    disk.free.set()
    (orphan,) = left_behind(tmp_path / "later")
    assert (orphan.folder / ENTRY).exists()
    assert orphan.entry is None and not orphan.crashed
    assert not orphan.put_away() and not orphan.folder.exists()


def test_where_nothing_can_be_kept_there_is_nothing_to_wait_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said: list[Exception] = []
    found = threading.Event()
    recorder = Recorder(
        tmp_path / "file" / "recovery", found=lambda _orphans: found.set(), told=said.append
    )
    assert found.wait(PATIENCE)
    assert len(said) == 1
    recorder.close(give_up=True, patience=PATIENCE)


def test_the_pause_is_short_enough() -> None:
    for hundredth in range(66):
        took = hundredth / 100
        # What changes just after a writing began is kept by the next one.
        assert pause_after(took) >= PAUSE
        assert took + pause_after(took) + took < 2.0
    assert pause_after(0.2) == pytest.approx(0.8)  # the window has the most of the time
    assert pause_after(30.0) == PAUSE


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_studio_leaves_its_work(kept: Kept) -> None:
    program = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bpstudio.data import toys
from bpstudio.project import build
from bpstudio.project.disk import Disk
from bpstudio.project.recovery import ENTRY, Recorder, Work

class Telling(Disk):
    def replace(self, path, target):
        super().replace(path, target)
        if target.name == ENTRY:
            print("kept", flush=True)

recorder = Recorder(Path(sys.argv[2]), disk=Telling())
recorder.keep(Work(build.network(toys.make("xor"), (2, 4, 1), title="killed")))
sys.stdin.read()
"""
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", program, root, str(kept.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as studio:
        assert studio.stdout is not None
        assert studio.stdout.readline() == "kept\n"
        studio.send_signal(signal.SIGKILL)
    (orphan,) = left_behind(kept.root)
    assert orphan.crashed
    assert not (orphan.folder / CLOSED).exists()
    assert (orphan.folder / ALIVE).exists()
    assert orphan.work().project.title == "killed"
    orphan.release()
