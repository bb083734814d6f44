"""The worker process: takes commands from the window, trains, and tells what came of it.

Nothing here may need a screen, standard output, or anything of the process that started it but
the pipe and the board. It ends when that process does, however it ended.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from bpstudio import plugins
from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.training.board import Board
from bpstudio.training.history import Tape
from bpstudio.training.job import Change, Job, Result
from bpstudio.training.line import Dated, Line
from bpstudio.training.seeking import Found, moments
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import continued, result_of, train

TAPES = 3
"""So many runs are kept on tape; of others a replay goes from their beginning."""


@dataclass(frozen=True, eq=False)
class Start:
    """Train this job; a run that is going on is given up.

    It is kept on the tape of this name, which goes on from another one if that is still there.
    """

    number: int
    job: Job
    tape: str = ""
    after: str = ""


@dataclass(frozen=True)
class GoOn:
    """Take so many further steps from where the last run ended."""

    number: int
    steps: int


@dataclass(frozen=True)
class Stop:
    """End the run; what it came to is told only if it is `kept`."""

    kept: bool


@dataclass(frozen=True)
class Seek:
    """Find a step of the run on that tape."""

    number: int
    tape: str
    step: int


@dataclass(frozen=True, eq=False)
class Wind:
    """A run to be found on the tape of that name from now on."""

    tape: str
    line: Line


Command = Start | GoOn | Stop | Change | Seek | Wind


@dataclass(frozen=True, eq=False)
class Ended:
    """A run has ended.

    It has taken its steps or was asked to end: then there is a `result`. Or a `problem` came up;
    the result is then what there was before it, if anything. `trace` is there where the problem
    is a fault of ours, for the log. `changes` are those of this run, with all that was changed.
    """

    number: int
    result: Result | None = None
    problem: StudioError | None = None
    trace: str = ""
    changes: tuple[Dated, ...] = ()


@dataclass(frozen=True)
class Held:
    """These settings hold in a run from this step (from 0) on."""

    number: int
    step: int
    settings: Settings


@dataclass(frozen=True)
class Lacking:
    """There is no such tape, or it does not reach back to that step."""

    number: int


News = Ended | Held | Lacking | Found | None


def bring_plugins() -> None:
    """Have the gates of plugins here as they are in the process that sends them: complaining in the
    name of their plugin."""
    if plugins.installed():
        from bpstudio.data import plugged

        plugged.load()


def serve(connection: Connection, memory: Any, capacity: int) -> None:
    """Carry out commands until the other end of the connection is closed."""
    # Ctrl+C in a terminal reaches every process of it; the window decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    bring_plugins()
    board = Board(memory, capacity)
    job: Job | None = None
    command: Command | None = None
    tapes: dict[str, Tape] = {}
    try:
        connection.send(None)
        while True:
            match command or connection.recv():
                case Start(number, job, name, after):
                    tape = _tape_for(tapes, job, name, after)
                    command, job = _run(connection, board, number, job, tape)
                case GoOn(number, steps) if job is not None:
                    command, job = _run(connection, board, number, replace(job, steps=steps))
                case Seek() as seek:
                    command = _seek(connection, tapes, seek)
                case Wind(name, line):
                    command = None
                    _hold(tapes, name, Tape(line))
                case GoOn(number):
                    command = None
                    problem = StudioError(N_("There is no run yet to go on from. Start one."))
                    _tell(connection, Ended(number, problem=problem))
                case Change() as change if job is not None:
                    command, job = None, job.changed(change)
                case _:
                    command = None  # the run that it was meant for has just ended
    except (EOFError, OSError):
        return


def end_with_parent() -> None:
    """Have this process leave at once when its parent ends, even in the middle of a step."""

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(0)

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()


def _tape_for(tapes: dict[str, Tape], job: Job, name: str, after: str) -> Tape | None:
    """The tape on which a job is kept: a new one, or one that goes on from another."""
    if not name:
        return None
    before = tapes.get(after)
    fits = before is not None and before.line.start <= job.start
    tape = before.gone_on(job) if before is not None and fits else Tape(Line(job))
    _hold(tapes, name, tape)
    return tape


def _hold(tapes: dict[str, Tape], name: str, tape: Tape) -> None:
    """Keep a tape, and of the others those that were used last."""
    tapes.pop(name, None)
    tapes[name] = tape
    while len(tapes) > TAPES:
        del tapes[next(iter(tapes))]


def _seek(connection: Connection, tapes: dict[str, Tape], seek: Seek) -> Command | None:
    """Find a step and tell it, with one near it at once; returns the command that cut it short."""
    tape = tapes.get(seek.tape)
    if tape is None or seek.step < tape.line.start:
        connection.send(Lacking(seek.number))
        return None
    _hold(tapes, seek.tape, tape)
    try:
        for found in moments(tape, seek.number, seek.step):
            if found is not None:
                _tell(connection, found)
            if connection.poll():
                break
    except StudioError as error:
        _tell(connection, Found(seek.number, seek.step, problem=error))
    except (EOFError, OSError):
        raise
    except Exception as error:
        found = Found(seek.number, seek.step, problem=_fault(error), trace=traceback.format_exc())
        _tell(connection, found)
    return None


def _run(
    connection: Connection, board: Board, number: int, job: Job, tape: Tape | None = None
) -> tuple[Command | None, Job]:
    """Train one job and tell its end; returns the command that cut it short, and how to go on."""
    losses: list[Array] = []
    changes: list[tuple[int, Settings]] = []
    known = 0 if tape is None else len(tape.line.changes)
    taken, result = 0, None
    asked: Command | None = None
    try:
        training = train(job, tape)
        progress = next(training)
        while True:
            losses.append(progress.losses)
            changes.extend(progress.changes)
            taken += len(progress.losses)
            for step, settings in progress.changes:
                connection.send(Held(number, step, settings))
            board.publish(number, progress, taken, job.layout)
            if progress.last:
                break
            change, asked = _asked(connection, progress.rest)
            if asked is not None:
                return asked, job
            if change is not None:
                job = job.changed(change)
            progress = training.send(change)
        result = result_of(job, progress, losses, changes)
        job = continued(job, result, job.steps)
        for _ in training:
            raise AssertionError("a record came after the last one")
        _tell(connection, Ended(number, result, changes=_since(tape, known)))
    except StudioError as error:
        _tell(connection, Ended(number, result, error, changes=_since(tape, known)))
    except (EOFError, OSError):
        raise
    except Exception as error:
        trace, dated = traceback.format_exc(), _since(tape, known)
        _tell(connection, Ended(number, result, _fault(error), trace, dated))
    return None, job


def _since(tape: Tape | None, known: int) -> tuple[Dated, ...]:
    """What was changed of a run since it had so many changes."""
    return () if tape is None else tape.line.changes[known:]


def _asked(connection: Connection, rest: float) -> tuple[Change | None, Command | None]:
    """What the commands that have come in ask of a run, and one that puts an end to it.

    It waits so many seconds for the first of them.
    """
    change: Change | None = None
    while connection.poll(rest):
        rest = 0.0
        match connection.recv():
            case Change() as newer:
                change = newer if change is None else _merged(change, newer)
            case Stop(kept=True):
                change = _merged(change or Change(), Change(stop=True))
            case other:
                return None, other
    return change, None


def _merged(older: Change, newer: Change) -> Change:
    def newest(name: str) -> Any:
        value = getattr(newer, name)
        return getattr(older, name) if value is None else value

    return Change(
        settings=newest("settings"),
        given=newest("given"),
        test=newest("test"),
        pace=newest("pace"),
        stop=older.stop or newer.stop,
    )


def _fault(error: Exception) -> StudioError:
    if isinstance(error, MemoryError):
        return StudioError(
            N_("There is not enough memory to train this network. Make it or its batch smaller.")
        )
    return StudioError(
        N_("Training ended by a fault of Backprop Studio itself ({kind}: {reason}). Report it."),
        kind=type(error).__name__,
        reason=str(error),
    )


def _tell(connection: Connection, news: Ended | Found) -> None:
    """Send the news; values in an error that can't cross are sent as their texts."""
    try:
        connection.send(news)
    except (TypeError, AttributeError, ValueError):
        if news.problem is None:
            raise
        values = {name: str(value) for name, value in news.problem.values.items()}
        problem = type(news.problem)(news.problem.template, nodes=news.problem.nodes, **values)
        connection.send(replace(news, problem=problem))
