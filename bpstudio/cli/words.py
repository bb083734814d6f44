"""The words of the command line: commands, options, and what each means."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

from bpstudio import __version__
from bpstudio.cli import commands, demo, importing, lessons, preview, sweep, worksheet
from bpstudio.cli.answer import Answer
from bpstudio.errors import StudioError
from bpstudio.language import LANGUAGES, N_

Command = Callable[[argparse.Namespace], Answer]


class Parser(argparse.ArgumentParser):
    """argparse, whose complaint is one sentence like every other of ours."""

    def error(self, message: str) -> NoReturn:
        """Raise it, so that it is printed in one place."""
        raise StudioError(
            N_("{message}. `{program} --help` lists what there is."),
            message=message,
            program=self.prog,
        )


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command with its arguments; raises StudioError for words that make none."""
    whole = parser()
    words = _command_first(words, _commands(whole))
    if words and words[0] == "formula":
        words = _formula_first(words)
    elif not words or (words[0] not in _commands(whole) and words[0] not in ("-h", "--help")):
        words = ["window", *words]
    return whole.parse_args(list(words))


def _command_first(words: Sequence[str], commands: Collection[str]) -> Sequence[str]:
    """Options may stand before the command too."""
    at = 0
    while at < len(words) and words[at].startswith("--"):
        at += 2 if words[at] == "--lang" else 1
    if at < len(words) and words[at] in commands:
        return [words[at], *words[:at], *words[at + 1 :]]
    return words


def _formula_first(words: Sequence[str]) -> list[str]:
    """The formula may start with a minus sign: say that what is no known option is no option."""
    known = ("--json", "-h", "--help")
    options = [w for w in words[1:] if w in known or w.startswith("--lang=")]
    rest = [w for w in words[1:] if w not in options and w != "--"]
    if "--lang" in rest[:-1]:
        place = rest.index("--lang")
        options += rest[place : place + 2]
        del rest[place : place + 2]
    return ["formula", *options, *(["--", *rest] if rest else [])]


def parser() -> argparse.ArgumentParser:
    """All commands, each with its options and what they mean."""
    parser = Parser(prog="bpstudio", description="See backpropagation, and try it out.")
    choose = parser.add_subparsers(metavar="COMMAND", parser_class=Parser, required=True)

    def command(name: str, run: Command, help: str) -> argparse.ArgumentParser:
        words = choose.add_parser(name, help=help, description=help, allow_abbrev=False)
        words.set_defaults(command=run)
        words.add_argument("--json", action="store_true", help="print one JSON document")
        words.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the text")
        return words

    window = command("window", commands.window, "open the window (also without this word)")
    window.add_argument("file", nargs="?", metavar="FILE", help="a project to open")
    window.add_argument("--smoke", action="store_true", help="quit when the window is there whole")
    window.add_argument("--portable", action="store_true", help="settings beside the program")
    window.add_argument("--no-plugins", action="store_true", help="leave all plugins out")
    window.add_argument("--reset", action="store_true", help="start with default settings")
    # Unless it is asked for, the window speaks as it was set.
    window.set_defaults(lang=None)
    window.add_argument("--version", action="version", version=f"bpstudio {__version__}")

    words = command("demo", demo.demo, "train, draw, export and verify XOR without a screen")
    words.add_argument("--out", default="bpstudio-demo", metavar="DIR", help="where to write")

    words = command("formula", commands.formula, "run a formula forward and backward")
    words.add_argument("text", metavar="TEXT", help="such as '(x+y)*z'")
    words.add_argument("values", nargs="*", metavar="name=value", help="a number for each name")

    words = command("new", commands.new, "make a project")
    words.add_argument("--data", required=True, help="xor, circles, spiral … or a table's path")
    words.add_argument("--layers", required=True, type=_sizes, help="sizes, such as 2,4,1")
    words.add_argument("--activation", default="tanh", help="of the hidden layers")
    words.add_argument("--output", default=None, help="sigmoid, softmax or linear")
    words.add_argument("--loss", default=None, help="bce, cross-entropy, mse, mae, huber, hinge …")
    words.add_argument(
        "--optimizer", default=None, help="sgd, momentum, nesterov, adagrad, rmsprop, adam or adamw"
    )
    words.add_argument("--learning-rate", type=_number, default=None, metavar="α")
    words.add_argument("--batch", type=_count, default=None, help="rows a step; 0 for all")
    words.add_argument("--points", type=_count, default=None, help="how many points to make")
    words.add_argument("--noise", type=_number, default=None, help="how far they scatter")
    words.add_argument("--seed", type=_count, default=1)
    words.add_argument("--out", required=True, metavar="P.bps")

    words = command("train", commands.train, "train a project")
    words.add_argument("file", metavar="P.bps")
    words.add_argument("--steps", type=_count, default=1000)
    words.add_argument("--seed", type=_count, default=None, help="draw new weights first")
    words.add_argument("--out", default=None, metavar="Q.bps", help="keep the trained copy")

    words = command("sweep", sweep.sweep, "train variants of a project, as a table and a picture")
    words.add_argument("file", metavar="P.bps")
    words.add_argument(
        "--vary", action="append", required=True, metavar="NAME=A,B", help="such as l2=0,0.001,0.01"
    )
    words.add_argument("--seeds", type=_several, default=1, metavar="K", help="starts of each")
    words.add_argument("--seed", type=_count, default=1, metavar="S", help="the first of the seeds")
    words.add_argument("--steps", type=_several, default=1000)
    words.add_argument("--out", required=True, metavar="DIR", help="goes on where it was ended")
    words.add_argument("--executor", default="local", metavar="local|dask://HOST:PORT")
    words.add_argument("--workers", type=_several, default=None, help="local processes")
    words.add_argument("--theme", default="light", choices=commands.THEMES)

    words = command("check", commands.check, "check every gradient against central differences")
    words.add_argument("file", metavar="P.bps")

    words = command("predict", commands.predict, "outputs for rows of inputs, as CSV")
    words.add_argument("file", metavar="P.bps")
    words.add_argument("--input", required=True, metavar="X.csv")

    words = command("export", commands.export, "write the model for another program")
    words.add_argument("file", nargs="?", metavar="P.bps")
    words.add_argument("--list", action="store_true", help="list the formats")
    words.add_argument("--to", metavar="FORMAT")
    words.add_argument("--out", metavar="PATH")
    words.add_argument("--verify", action="store_true", help="run it and compare the outputs")

    words = command("preview", preview.preview, "show what an export would write")
    words.add_argument("file", metavar="P.bps")
    words.add_argument("--to", required=True, metavar="FORMAT")
    words.add_argument("--out", metavar="X.png", help="draw a format that is a page")

    words = command("import", importing.import_model, "make a project of another tool's model")
    words.add_argument("model", nargs="?", metavar="MODEL", help="a file, or a page's address")
    words.add_argument("--out", metavar="P.bps")
    words.add_argument("--into", metavar="NET.bps", help="the network that bare weights belong to")
    words.add_argument("--data", default=None, help="what it is tried on: xor … or a table's path")
    words.add_argument(
        "--snippet", choices=("PyTorch", "scikit-learn"), help="print the lines that write a model"
    )

    words = command("render", commands.render, "draw a picture or a film of a project")
    words.add_argument("file", metavar="P.bps")
    words.add_argument("--out", required=True, help="a .png .svg .pdf .gif .webp .apng or .mp4")
    words.add_argument("--view", nargs="+", default=["graph"], choices=commands.VIEWS)
    words.add_argument("--phase", default=None, choices=commands.PHASES)
    words.add_argument("--step", "--at", dest="step", type=_count, default=None, metavar="STEP")
    words.add_argument("--time", type=_number, default=None, metavar="T", help="a moment exactly")
    words.add_argument(
        "--training", type=_span, default=None, metavar="FROM-TO", help="film the training"
    )
    words.add_argument("--fps", type=_rate, default=12, help="frames a second of a film")
    words.add_argument("--progress", action="store_true", help="say how far a film is")
    words.add_argument("--theme", default="light", choices=commands.THEMES)
    words.add_argument("--size", type=_size, default=None, metavar="WxH")

    words = command("worksheet", worksheet.worksheet, "pages to print, with empty boxes")
    words.add_argument("file", metavar="P.bps", help="a project, a lesson, or a folder of lessons")
    words.add_argument("--out", required=True, metavar="X.pdf")

    words = command("lessons", lessons.lessons, "list the lessons, or check every answer in them")
    words.add_argument("do", choices=("list", "check"))
    words.add_argument("place", nargs="?", metavar="FILE", help="a lesson, or a folder of lessons")

    command("doctor", commands.doctor, "versions, fonts, folders, and what is missing")
    return parser


def _commands(parser: argparse.ArgumentParser) -> set[str]:
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return set(actions[0].choices)


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of sizes such as 2,4,1") from None


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        size = int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 800x600") from None
    if not all(16 <= length <= 16_384 for length in size):
        raise argparse.ArgumentTypeError("must lie between 16x16 and 16384x16384")
    return size


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    try:
        return int(first), int(last)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} are no steps such as 0-500") from None


def _rate(text: str) -> int:
    value = _count(text)
    if not 1 <= value <= 60:
        raise argparse.ArgumentTypeError("must lie between 1 and 60")
    return value


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _several(text: str) -> int:
    value = _count(text)
    if not value:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
