"""The studio talks to nobody, and no file makes it write, import or call anything."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bpstudio.exchange import formats
from bpstudio.project.project import Project
from tests.exchange.test_hostile_names import TITLES, formula, hostile_ids, layered, scan

ROOT = Path(__file__).parents[2]

WATCH = """
import sys
sys.path.insert(0, sys.argv[1])
bad, watching = [], [True]

def watch(event, arguments):
    if not watching[0]:
        return
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"):
        address = arguments[1] if len(arguments) > 1 else arguments
        if event == "socket.getaddrinfo" or not isinstance(address, (str, bytes)):
            bad.append((event, repr(address)))
    if event in ("urllib.Request", "ftplib.connect", "smtplib.connect", "webbrowser.open"):
        bad.append((event, repr(arguments)))

sys.addaudithook(watch)
"""

OPENING = """
import io, os, zipfile
sys.modules.pop("tests", None)
from bpstudio.errors import StudioError
from bpstudio.project import file
from bpstudio.data import toys
from bpstudio.project import build
from bpstudio.project.container import npy, pack, unpack
import numpy as np
writes = []

def writing(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            writes.append(str(path))
    if event in ("os.mkdir", "os.rename", "os.symlink", "os.link", "os.remove", "import", "exec"):
        writes.append(event + " " + repr(arguments)[:100])

good = file.to_bytes(build.network(toys.make("xor"), (2, 3, 1)))
file.from_bytes(good)  # what is imported late is imported now
names = ["../slip.npy", "/slip.npy", "arrays/../../slip.npy", "C:\\\\slip.npy", "arrays/a/../b.npy",
         "..\\\\slip.npy", "arrays/\\u202eslip.npy", "thumbnail.png/../slip", "arrays/slip.npy"]
contents = [good]
for name in names:
    buffer = io.BytesIO(good)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, npy(np.zeros(3)))
    contents.append(buffer.getvalue())
active = [False]
sys.addaudithook(lambda event, arguments: writing(event, arguments) if active[0] else None)
opened = 0
for content in contents:
    active[0] = True
    try:
        file.from_bytes(content)
        opened += 1
    except StudioError as error:
        str(error)
    finally:
        active[0] = False
print(opened, writes, bad)
"""


def watched(program: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WATCH + program, str(ROOT), *words],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_watch_sees_what_it_looks_for() -> None:
    program = """
import socket
with socket.socket() as attempt:
    attempt.settimeout(0.001)
    try:
        attempt.connect(("127.0.0.1", 9))
    except OSError:
        pass
print(len(bad))
"""
    assert watched(program).stdout == "1\n"


def test_the_command_line_talks_to_nobody(tmp_path: Path) -> None:
    program = """
from bpstudio.cli import main
path = sys.argv[2] + "/a.bps"
lines = [
    ["new", "--data", "xor", "--layers", "2,3,1", "--out", path],
    ["train", path, "--steps", "20", "--out", path],
    ["check", path],
    ["export", path, "--to", "numpy", "--out", sys.argv[2] + "/a.py"],
    ["render", path, "--out", sys.argv[2] + "/a.png"],
    ["doctor"],
]
print([main(words) for words in lines], bad)
"""
    done = watched(program, str(tmp_path))
    assert done.stdout.splitlines()[-1] == f"{[0] * 6} []", done.stdout + done.stderr


def test_the_window_talks_to_nobody(tmp_path: Path) -> None:
    program = """
from bpstudio.ui import app
status = app.run(None, smoke=True)
print(status, bad)
"""
    done = watched(program, BPSTUDIO_SETTINGS=str(tmp_path))
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_nothing_is_written_run_or_imported_while_a_file_is_opened() -> None:
    done = watched(OPENING)
    opened, _, rest = done.stdout.partition(" ")
    assert rest == "[] []\n", done.stdout + done.stderr
    # The good one, and one whose name only looks odd.
    assert 1 <= int(opened) <= 3


def thousand_names() -> Iterator[tuple[list[str], str]]:
    """Ids and a title for each of two hundred networks of five nodes."""
    chance = random.Random(32)
    pieces = [
        *TITLES,
        '"""',
        "'",
        "\\N{BELL}",
        "\n",
        "${x}",
        "`id`",
        "$(id)",
        "<script>",
        "; rm",
        "#",
    ]
    ids = hostile_ids()
    letters = "abcXYZ_019αβγ가나다𝐱ｆﬁ"
    while len(ids) < 1_100:
        name = "".join(chance.choice(letters) for _ in range(chance.randint(1, 30)))
        if name.isidentifier() and name not in ids:
            ids.append(name)
    for place in range(0, 1_000, 5):
        title = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 4)))
        yield ids[place : place + 5], title


@pytest.fixture(scope="module")
def networks() -> list[Project]:
    made = []
    for number, (names, title) in enumerate(thousand_names()):
        made.append(layered(names, title) if number % 2 else formula(names, title))
    return made


@pytest.mark.parametrize("format", ["numpy", "pytorch"])
def test_a_thousand_hostile_names_are_exported_and_do_only_sums(
    format: str, networks: list[Project]
) -> None:
    ids = {id for project in networks for id in project.graph.nodes}
    assert len(ids) >= 990
    for project in networks:
        script = formats.FORMATS[format].write(project).main.decode()
        assert scan(script) == [], script
