"""Builds and trains XOR in a real window on a screen of its own, by keys alone or by mouse alone.

    python tests/realwindow/build_xor.py keys build/realwindow
    python tests/realwindow/build_xor.py mouse build/realwindow

Xvfb, openbox, xdotool and at-spi2-core must be installed. What is seen at each stage is kept as a
picture in the folder; the exit status is 0 if all four rows were learned. The window is told
nothing but by what xdotool types and clicks. Where its buttons, menus and rows stand it says
itself, as it does to a screen reader; nodes on the canvas are found by the colour of what is
selected.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.realwindow import asking
from tests.realwindow.asking import Place, Reader

SIZE = (1400, 900)
LAYERS = {
    "dense 4": "Dense",
    "tanh": "Tanh",
    "dense 1": "Dense",
    "sigmoid": "Sigmoid",
    "binary": "Binary Cross Entropy",
}
"""What is typed for each node, and what it is called in lists."""
NAMES = ["data", "dense", "tanh", "dense", "sigmoid", "binary_cross_entropy"]
PATIENCE = 60.0
ACCENT = (0x4F, 0x46, 0xE5)
NEEDED = ("Xvfb", "openbox", "xdotool", "import", *asking.NEEDED)


def main(words: list[str]) -> int:
    """Build it in that way; the further word is the folder for the pictures."""
    way, folder = words[0], Path(words[1])
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing or way not in WAYS:
        print(f"needs {', '.join(missing)}" if missing else f"one of {', '.join(WAYS)}")
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        screen = stack.enter_context(started(home))
        hands = Hands(screen, folder, way)
        WAYS[way](hands)
        right = finished(hands, home)
    print(f"{way}: {'4 of 4' if right else 'not learned'}; pictures in {folder}")
    return 0 if right else 1


class Hands:
    """What a person does at a screen: press, type, point, look."""

    def __init__(self, screen: dict[str, str], folder: Path, way: str) -> None:
        self._screen, self._folder, self._way = screen, folder, way
        self._pictures = 0
        self._reader = Reader(screen)

    def place(self, *names: str) -> Place:
        """Where something of that name is, within what has the names before."""
        return self._reader.place(*names)

    def press(self, *names: str, times: int = 1) -> None:
        """Click what has that name."""
        self.click(*self.place(*names).middle, times=times)

    def choose(self, *names: str) -> None:
        """Take an entry of a menu."""
        for upto in range(1, len(names) + 1):
            self.press(*names[:upto])

    def press_row(self, *names: str, times: int = 1) -> None:
        """Click a row of a list, scrolled to if need be: the names lead to the list and the row."""
        seen = self.place(*names[:-1])
        self.do("mousemove", *map(str, seen.middle))
        for _turn in range(200):
            row = self.place(*names)
            middle, low = row.middle[0], row.y + row.height
            if seen.holds((middle, row.y)) and seen.holds((middle, low)):
                break
            self.wheel(-1 if row.y > seen.y else 1)
        self.click(*row.middle, times=times)

    def do(self, *words: str) -> str:
        """One command of xdotool, and time for the window to follow."""
        done = subprocess.run(
            ["xdotool", *words], env=self._screen, check=True, capture_output=True, text=True
        )
        time.sleep(0.15)
        return done.stdout

    def keys(self, *keys: str) -> None:
        """Keys one after the other."""
        for key in keys:
            self.do("key", "--clearmodifiers", key)

    def write(self, text: str) -> None:
        """Type a text."""
        self.do("type", "--delay", "25", text)

    def click(self, x: int, y: int, *, times: int = 1) -> None:
        """The left button at that pixel of the screen."""
        self.do("mousemove", str(x), str(y))
        self.do("click", "--repeat", str(times), "--delay", "60", "1")

    def wheel(self, notches: int) -> None:
        """The wheel, up (above 0) or down."""
        button = "4" if notches > 0 else "5"
        self.do("click", "--repeat", str(abs(notches)), "--delay", "40", button)

    def drag(self, begin: tuple[int, int], end: tuple[int, int]) -> None:
        """With the left button held down from one pixel to another."""
        self.do("mousemove", *map(str, begin))
        self.do("mousedown", "1")
        for share in (0.25, 0.5, 0.75, 1.0):
            x, y = (round(a + (b - a) * share) for a, b in zip(begin, end, strict=True))
            self.do("mousemove", str(x), str(y))
        self.do("mouseup", "1")

    def look(self, what: str) -> Path:
        """Keep what is on the screen."""
        self._pictures += 1
        path = self._folder / f"{self._way}-{self._pictures}-{what}.png"
        subprocess.run(["import", "-window", "root", str(path)], env=self._screen, check=True)
        return path


def by_keys(hands: Hands) -> None:
    """New, Space and a name, then Ctrl+J and a name for each further node."""
    hands.keys("ctrl+n", "space")
    hands.write("xor")
    hands.look("search")
    hands.keys("Return")
    for layer in LAYERS:
        hands.keys("ctrl+j")
        hands.write(layer)
        hands.look(f"connect-{layer.replace(' ', '-')}")
        hands.keys("Return")
    hands.keys("ctrl+l", "Tab", "Tab")
    hands.look("built")
    hands.keys("ctrl+t")
    time.sleep(6.0)
    hands.keys("ctrl+t")
    hands.look("trained")


def by_mouse(hands: Hands) -> None:
    """The palette, and wires dropped on nothing; numbers by the wheel, training by its button.

    What is to be hit is found as an eye finds it: by the colour of what is selected.
    """
    hands.choose("File", "New")
    hands.press_row("Palette", "Palette", "XOR", times=2)
    for typed, name in LAYERS.items():
        hands.choose("View", "Fit all")
        hands.press("Forward")  # so that the step's own ring is elsewhere
        canvas, edge = hands.place("Canvas"), hands.place("Step")
        hands.do("mousemove", *map(str, edge.middle))
        _left, top, right, bottom = selected(hands.look("before"), canvas)
        port = right - 4, (top + bottom) // 2 + (10 if bottom - top > 60 else 0)
        most = canvas.x + canvas.width - 20
        hands.drag(port, (min(right + 120, most), (top + bottom) // 2))
        hands.look(f"fits-{typed.replace(' ', '-')}")
        hands.press_row("Canvas", "Found", name)
        if name == "Dense":
            hands.press("Forward")  # without values the settings stand higher
            x, y = hands.place("Inspector", "units").middle
            hands.click(x + 120, y)  # the field right of its name
            hands.wheel(1 if typed.endswith("4") else -2)
            hands.look("units")
    hands.look("built")
    hands.choose("Train", "Train or pause")
    time.sleep(6.0)
    hands.choose("Train", "Train or pause")
    hands.look("trained")


def selected(picture: Path, canvas: Place) -> tuple[int, int, int, int]:
    """The ring around the selected node: left, top, right, bottom."""
    with Image.open(picture) as image:
        box = canvas.x, canvas.y, canvas.x + canvas.width, canvas.y + canvas.height
        pixels = np.asarray(image.convert("RGB").crop(box), dtype=int)
    down, across = np.nonzero(np.abs(pixels - ACCENT).sum(axis=2) < 12)
    return (
        int(across.min()) + canvas.x,
        int(down.min()) + canvas.y,
        int(across.max()) + canvas.x,
        int(down.max()) + canvas.y,
    )


WAYS: dict[str, Callable[[Hands], None]] = {"keys": by_keys, "mouse": by_mouse}


@contextmanager
def started(
    home: Path, beside: Callable[[ExitStack, dict[str, str]], None] | None = None
) -> Iterator[dict[str, str]]:
    """A screen with a window manager and the studio on it; gives the environment to reach it.

    What is to run `beside` the studio is begun before it, and may add to its environment.
    """
    reading, writing = os.pipe()
    width, height = SIZE
    with ExitStack() as stack:
        words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24"]
        run(stack, words, dict(os.environ), pass_fds=(writing,))
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        bus = run_bus(stack, home)
        screen = {
            **os.environ,
            **asking.SWITCHED_ON,
            "DBUS_SESSION_BUS_ADDRESS": bus,
            "DISPLAY": f":{number}",
            "BPSTUDIO_SETTINGS": str(home / "settings"),
        }
        screen.pop("QT_QPA_PLATFORM", None)
        screen["HOME"] = str(home)
        (home / "settings").mkdir(exist_ok=True)
        (home / "settings" / "settings.json").write_text(
            '{"welcome": false, "minimap": false}', encoding="utf-8"
        )
        run(stack, ["openbox"], screen)
        if beside is not None:
            beside(stack, screen)
        run(stack, [sys.executable, "-m", "bpstudio"], screen)
        subprocess.run(
            ["xdotool", "search", "--sync", "--onlyvisible", "--name", "Backprop Studio"],
            env=screen, check=True, capture_output=True, timeout=PATIENCE,
        )  # fmt: skip
        time.sleep(3.0)
        found = ["search", "--onlyvisible", "--name", "Backprop Studio"]
        for words in (["windowsize", str(width), str(height - 24)], ["windowmove", "0", "0"]):
            subprocess.run(["xdotool", *found, *words], env=screen, check=True)
        time.sleep(1.0)
        yield screen


def run(
    stack: ExitStack, words: list[str], environment: dict[str, str], **more: Any
) -> subprocess.Popen[bytes]:
    """A program that ends with the stack."""
    quiet = subprocess.DEVNULL
    program = subprocess.Popen(words, env=environment, stdout=quiet, stderr=quiet, **more)

    def end() -> None:
        program.terminate()
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()

    stack.callback(end)
    return program


def run_bus(stack: ExitStack, home: Path) -> str:
    """A session bus of its own, over which the window says where things stand; its address."""
    address = f"unix:path={home / 'bus'}"
    own = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    run(stack, ["dbus-daemon", "--session", "--nofork", f"--address={address}"], own)
    until = time.monotonic() + PATIENCE
    while not (home / "bus").exists() and time.monotonic() < until:
        time.sleep(0.1)
    return address


def finished(hands: Hands, home: Path) -> bool:
    """Save by Ctrl+S, and have the command line say how much of the file's data is right."""
    path = home / "xor.bps"
    hands.keys("ctrl+s")
    time.sleep(1.0)
    hands.keys("ctrl+a")
    hands.write(str(path))
    hands.look("saving")
    hands.keys("Return")
    until = time.monotonic() + PATIENCE
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.2)
    hands.look("saved")
    if not path.exists():
        return False
    with zipfile.ZipFile(path) as whole:
        nodes = json.loads(whole.read("project.json"))["nodes"]
    print([node["op"] for node in nodes])
    return sorted(node["op"] for node in nodes) == sorted(NAMES) and all_right(path)


def all_right(path: Path) -> bool:
    """Whether the saved network answers all rows of its data set as they are."""
    from bpstudio.project import file, runs

    metrics = runs.measured(file.load(path))
    return metrics is not None and metrics.accuracy == 1.0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
