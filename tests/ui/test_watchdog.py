"""The watchdog: a window that stands still is noted once, with where every thread is."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from bpstudio.ui import problems, watchdog
from bpstudio.ui.watchdog import LONGEST, LOOK, Pulse


def looks(pulse: Pulse, times: list[float]) -> list[float]:
    return [pulse.missed(now) for now in times]


def test_a_window_that_beats_is_left_alone() -> None:
    pulse = Pulse(0.0)
    for tenth in range(100):
        pulse.beat(tenth / 10)
        if tenth % 5 == 0:
            assert pulse.missed(tenth / 10) == 0.0


def test_a_window_that_stands_still_is_noted_once() -> None:
    pulse = Pulse(0.0)
    times = [index * LOOK for index in range(1, 20)]
    found = looks(pulse, times)
    assert [gap for gap in found if gap] == [LONGEST + LOOK]
    pulse.beat(10.0)
    assert looks(pulse, [10.0 + LOOK]) == [0.0]
    again = looks(pulse, [10.5 + index * LOOK for index in range(1, 9)])
    assert len([gap for gap in again if gap]) == 1


def test_a_machine_that_slept_is_no_fault_of_the_window() -> None:
    pulse = Pulse(0.0)
    assert looks(pulse, [0.5, 3600.0]) == [0.0, 0.0]
    pulse.beat(3600.1)
    assert looks(pulse, [3600.5]) == [0.0]


def test_the_traces_of_all_threads_are_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (tmp_path / "crash.log").open("w") as file:
        watchdog.note(2.5, file)
    text = (tmp_path / "crash.log").read_text()
    assert "no answer for 2.5 seconds" in text
    assert "test_the_traces_of_all_threads_are_written" in text
    assert ["2.5" in record.getMessage() for record in caplog.records] == [True]
    caplog.clear()


def test_it_watches_while_the_window_runs(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now, noted = [0.0], threading.Event()

    def clock() -> float:
        now[0] += LOOK
        return now[0]

    monkeypatch.setattr(watchdog, "LOOK", 0.001)
    monkeypatch.setattr(watchdog, "note", lambda gap, file: noted.set())
    with watchdog.watched(None, clock):
        assert noted.wait(20.0)
    assert "watchdog" not in {thread.name for thread in threading.enumerate()}


def test_logs_are_few_and_empty_ones_go(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"crash-{number}.log").write_text("trace")
    with problems.logged(tmp_path) as traces:
        assert traces is not None
        assert len(list(tmp_path.glob("crash-*.log"))) == problems.MOST_TRACES + 1
    assert len(list(tmp_path.glob("crash-*.log"))) == problems.MOST_TRACES


def test_a_trace_outlives_the_next_start_of_the_same_number(tmp_path: Path) -> None:
    # In a container every studio is the process of the same number.
    with problems.logged(tmp_path) as traces:
        assert traces is not None
        traces.write("Fatal Python error")
    with problems.logged(tmp_path):
        texts = [path.read_text() for path in tmp_path.glob("crash-*.log")]
    assert sorted(texts) == ["", "Fatal Python error"]


def test_a_trace_that_another_studio_removed_is_no_fault(tmp_path: Path) -> None:
    with problems.logged(tmp_path):
        for path in tmp_path.glob("crash-*.log"):
            path.unlink()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_does_not_spoil_the_end(tmp_path: Path) -> None:
    with problems.logged(tmp_path) as traces, open("/dev/full", "wb") as full:
        assert traces is not None
        os.dup2(full.fileno(), traces.fileno())
        watchdog.note(2.5, traces)


def test_a_full_disk_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    class Full(io.StringIO):
        """Has no room."""

        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    watchdog.note(2.5, Full())
    assert "No space left" in caplog.text
    caplog.clear()


def test_a_folder_that_can_not_be_written_to_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with problems.logged(tmp_path / "file" / "log") as traces:
        assert traces is None


def test_a_report_has_the_last_actions_and_nobodys_name() -> None:
    trace = f'File "{Path.home()}/Desktop/secret.py", line 1'
    report = problems.report_of(trace, ["open_file", "Connect"])
    assert "Last: open_file, Connect" in report
    if len(str(Path.home())) > 1:
        assert str(Path.home()) not in report
    assert 'File "~' in report
