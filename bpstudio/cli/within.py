"""Words by which the program asks itself for something in a process of its own; nobody types them.

A frozen program has no Python that could be started with a line of code, only itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

BAD_INPUT = 2
QT_PLATFORM, RUN_EXPORTS, DRAW_REPORT = "qt-platform", "run-exports", "draw-report"


def qt_platform(_words: Sequence[str]) -> int:
    """Print what Qt starts on; where its libraries are missing, that ends the process."""
    from bpstudio.ui import starts

    print(starts.platform())
    return 0


def run_exports(words: Sequence[str]) -> int:
    """Run exported models as `exchange.runner` does."""
    from bpstudio.exchange import runner

    runner.main(*words)
    return 0


def draw_report(words: Sequence[str]) -> int:
    """Draw the report of a project as PDF; where Qt can't, that ends the process.

    What can't be drawn is one sentence on standard error.
    """
    from bpstudio.errors import StudioError
    from bpstudio.language import set_language
    from bpstudio.project import file
    from bpstudio.ui import report

    source, out, language = words
    set_language(language)
    try:
        report.save(file.load(source), Path(out))
    except StudioError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    return 0


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    QT_PLATFORM: qt_platform,
    RUN_EXPORTS: run_exports,
    DRAW_REPORT: draw_report,
}
