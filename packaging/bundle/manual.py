"""The manual's page, `bpstudio.1`, made of what the command line says of itself.

`python manual.py FILE` writes it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def page() -> str:
    """The page in troff's words."""
    sys.path.insert(0, str(ROOT))
    from bpstudio import __version__
    from bpstudio.cli.words import parser

    whole = parser()
    lines = [
        f'.TH BPSTUDIO 1 "" "Backprop Studio {__version__}" "User Commands"',
        ".SH NAME",
        "bpstudio \\- see and try out backpropagation",
        ".SH SYNOPSIS",
        ".B bpstudio\n[FILE]",
        ".br",
        ".B bpstudio\nCOMMAND [options]",
        ".SH DESCRIPTION",
        "Without a command the window opens, with the project FILE if one is named.",
        ".SH COMMANDS",
    ]
    for name, command in commands(whole).items():
        lines += [".SS", f"bpstudio {name}", _plain(command.description or "") + "."]
        for action in command._actions:
            if not isinstance(action, argparse._HelpAction):
                lines += _option(action)
    lines += [".SH EXIT STATUS", "0 done, 1 a check failed, 2 the input was bad, 70 a fault of"]
    lines += ["Backprop Studio, 130 interrupted."]
    return "\n".join(lines) + "\n"


def commands(whole: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, by its name."""
    for action in whole._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise LookupError("the command line has no commands")


def _option(action: argparse.Action) -> list[str]:
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    names = ", ".join(action.option_strings) or ""
    words = " ".join(word for word in (names, str(value)) if word)
    return [".TP", f".B {_plain(words)}", _plain(action.help or "")]


def _plain(text: str) -> str:
    """Text in which troff sees no command."""
    spelled = text.replace("\\", "\\e").replace("-", "\\-").replace("%%", "%")
    return f"\\&{spelled}" if spelled.startswith((".", "'")) else spelled


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
