"""A thousand savings that are killed: the file is always whole, and never older than was told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bpstudio.project.disk import remove_stale
from tests.long.conftest import Row, share

PROGRAM = """
import os, random, select, signal, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import numpy as np
from bpstudio.project import edits, file
from bpstudio.project.gates import gate
from bpstudio.project.project import Project

folder, kills = Path(sys.argv[2]), int(sys.argv[3])
chance = random.Random(11)
sizes = {"small": 10, "middle": 100_000, "large": 2_000_000}
told = dict.fromkeys(sizes, 0)
unreadable = lost = 0

def project(number, size):
    made = edits.add_node(Project(), gate("input"), (0, 0))
    made = edits.set_value(made, "input1.value", np.full(size, float(number)))
    return edits.set_title(made, str(number))

for name, size in sizes.items():
    file.save(project(0, size), folder / f"{name} é.bps")
for kill in range(kills):
    name = list(sizes)[kill % 3]
    path = folder / f"{name} é.bps"
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        number = told[name]
        while True:
            number += 1
            file.save(project(number, sizes[name]), path)
            os.write(theirs, f"{number}\\n".encode())
    os.close(theirs)
    time.sleep(chance.random() * (0.03, 0.06, 0.3)[kill % 3])
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(ours) as pipe:
        numbers = [int(line) for line in pipe.read().split()]
    if numbers:
        told[name] = numbers[-1]
    try:
        found = file.load(path)
        number = int(found.title)
        whole = bool((found.given["input1.value"] == number).all())
    except Exception as error:
        print(error, file=sys.stderr)
        unreadable += 1
        continue
    unreadable += not whole
    lost += number < told[name]
    told[name] = number
print(unreadable, lost, sum(told.values()))
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no SIGKILL")
def test_killed_savings(tmp_path: Path, row: Row) -> None:
    kills = share(1000)
    folder = tmp_path / "프로젝트 é"
    folder.mkdir()
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, root, str(folder), str(kills)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    unreadable, lost, saved = map(int, done.stdout.split())
    left = [path for path in folder.iterdir() if path.suffix == ".tmp"]
    # The next start comes later than the killing: what was left is then old.
    for path in left:
        os.utime(path, (time.time() - 7200,) * 2)
    remove_stale(folder)
    stale = [path for path in folder.iterdir() if path.suffix == ".tmp"]
    row(
        f"{kills} kills among {saved} savings of 3 sizes",
        f"{unreadable} unreadable, {lost} acknowledged savings lost, "
        f"{len(left)} temporary files left, {len(stale)} after the next start",
    )
    assert (unreadable, lost, stale) == (0, 0, [])
