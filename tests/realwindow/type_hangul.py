"""Types Hangul through an input method into the quick search of a real window.

    python tests/realwindow/type_hangul.py build/realwindow

Beside what `build_xor.py` needs, ibus and ibus-hangul must be installed. The keys of a Korean
keyboard for 곱셈 (multiply) are pressed. Its gate must be the first that is found while the first
syllable is still being composed, and Enter in the middle of the second must put it on the canvas.
The exit status is 0 if both happened.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.realwindow.build_xor import NEEDED, PATIENCE, Hands, run, started

FIRST, SECOND = "rhq", "tpa"
"""Where ㄱㅗㅂ and ㅅㅔㅁ lie on a keyboard with two sets of letters."""
HANGUL_OR_LATIN = "shift+space"


def main(words: list[str]) -> int:
    """Type it; the word is the folder for the pictures."""
    missing = [program for program in (*NEEDED, "ibus", "ibus-daemon") if not shutil.which(program)]
    if missing or len(words) != 1:
        print(f"needs {', '.join(missing)}" if missing else "needs a folder for its pictures")
        return 2
    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        screen = stack.enter_context(started(home, with_hangul))
        hands = Hands(screen, folder, "hangul")
        try:
            type_it(hands)
        except LookupError as error:
            hands.look("missed")
            print(error)
            return 1
    print(f"found while it was composed, and added; pictures in {folder}")
    return 0


def type_it(hands: Hands) -> None:
    """New, Space, the keys, Enter. Raises LookupError if the gate is not found or not added."""
    hands.keys("ctrl+n")
    hands.place("Canvas")
    hands.keys("space")
    top = hands.place("Canvas", "Found", "Input").y
    hands.keys(HANGUL_OR_LATIN)
    hands.write(FIRST)
    hands.look("composing")
    until = time.monotonic() + PATIENCE
    while hands.place("Canvas", "Found", "Multiply").y != top:
        if time.monotonic() > until:
            raise LookupError("What is being composed is not searched for.")
    hands.write(SECOND)
    hands.keys("Return")
    hands.place("Inspector", "multiply1")
    hands.look("added")


def with_hangul(stack: ExitStack, screen: dict[str, str]) -> None:
    """An input method with the Korean engine, for what is started with this environment.

    Raises TimeoutError if it does not come.
    """
    home = Path(screen["HOME"])
    screen |= {
        "QT_IM_MODULE": "ibus",
        "GSETTINGS_BACKEND": "memory",
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    run(stack, ["ibus-daemon", "--panel=disable"], screen)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        words = ["ibus", "engine", "hangul"]
        chosen = subprocess.run(words, env=screen, capture_output=True, timeout=PATIENCE)
        if chosen.returncode == 0:
            return
        time.sleep(0.5)
    raise TimeoutError("The input method has not started.")


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main(sys.argv[1:]))
