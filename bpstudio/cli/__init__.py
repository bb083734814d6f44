"""The command line: the studio's work without a screen, for scripts and batch jobs.

Each command is one function from its words to an `Answer`, which is printed for people or, with
`--json`, as one JSON document. Exit status: 0 done, 1 a check failed, 2 the input was bad (one
sentence on standard error), 70 a bug of ours, 130 interrupted.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise

# Runs are bit-equal only while products are summed in one order, and small ones are faster so.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from bpstudio import folders, plugins  # noqa: E402
from bpstudio.cli import within  # noqa: E402
from bpstudio.errors import StudioError, reason_of  # noqa: E402
from bpstudio.language import LANGUAGES, N_, _, set_language  # noqa: E402

BAD_INPUT, BUG, INTERRUPTED = 2, 70, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    from bpstudio.cli.words import parse

    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in within.COMMANDS:
        return within.COMMANDS[words[0]](words[1:])
    as_json = "--json" in words
    _speak_utf8()
    if os.environ.get("BPSTUDIO_DEBUG"):
        logging.basicConfig(level=logging.INFO)
    set_language(_language_of(words))
    try:
        arguments = parse(words)
        _obey(arguments)
        answer = arguments.command(arguments)
        _say_faults()
        if text := answer.json() if as_json else answer.text:
            print(text, flush=True)
        return int(answer.status)
    except StudioError as error:
        _say_faults()
        return _complain(str(error), BAD_INPUT)
    except KeyboardInterrupt:
        return _complain(_("Interrupted; nothing half-done was kept."), INTERRUPTED)
    except BrokenPipeError:
        # The reader went away, as with `| head`; what is still in the buffer has no place to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _complain(_sentence(error), BAD_INPUT)
    except MemoryError:
        return _complain(_("There is not enough memory for this. Try fewer rows."), BAD_INPUT)
    except Exception as error:
        if os.environ.get("BPSTUDIO_DEBUG"):
            traceback.print_exc()
        bug = N_("This is a bug of Backprop Studio ({kind}: {error}). BPSTUDIO_DEBUG=1 shows more.")
        return _complain(_(bug).format(kind=type(error).__name__, error=error), BUG)


def _obey(arguments: argparse.Namespace) -> None:
    """Where things lie, and which plugins count: settled before either is looked at."""
    if getattr(arguments, "portable", False):
        folders.go_portable()
    if getattr(arguments, "no_plugins", False):
        plugins.go_without()
    if plugins.installed():
        from bpstudio.data import plugged

        plugged.load()


def _say_faults() -> None:
    """Say on standard error which plugins are left out, and why."""
    said = plugins.unsaid()
    if said:
        print(f"bpstudio: {said}", file=sys.stderr, flush=True)


def _language_of(words: Sequence[str]) -> str:
    """The language that is asked for, so that a complaint about the words is made in it too."""
    spelled = " ".join(words).replace("--lang=", "--lang ").split()
    asked = [after for before, after in pairwise(spelled) if before == "--lang"]
    return asked[-1] if asked and asked[-1] in LANGUAGES else "en"


def _complain(sentence: str, status: int) -> int:
    print(f"bpstudio: {sentence}", file=sys.stderr, flush=True)
    return status


def _sentence(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{reason_of(error)}"


def _speak_utf8() -> None:
    """Write Greek and Hangul whatever the terminal's encoding; what it lacks is replaced."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
