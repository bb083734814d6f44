"""Reading a large table: the processor's time, the memory it takes, how soon it can be cancelled.

    python tests/bench/tables.py [MEGABYTES]

To reach with 100 MB: 10 s, 500 MB more than before, 0.3 s until a cancelled reading has ended.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from bpstudio.data import tables
from bpstudio.data.choices import Choices

_BLOCK = 20_000


class Cancelled(Exception):
    """Somebody does not want the table any more."""


def written(folder: Path, megabytes: int) -> tuple[Path, int]:
    """A table of ten columns of numbers, one of texts and a class, and how many rows it has."""
    rng, path, rows = np.random.default_rng(1), folder / "large.csv", 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("a,b,c,d,e,f,g,h,i,j,colour,kind\n")
        while file.tell() < megabytes * 10**6:
            for row in rng.normal(size=(_BLOCK, 10)):
                colour = ("red", "green", "blue")[rows % 3]
                file.write(",".join(f"{x:.5f}" for x in row) + f",{colour},{rows % 2}\n")
                rows += 1
    return path, rows


def peak() -> float:
    """The most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Print the figures."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        path, rows = written(Path(folder), megabytes)
        before, wall, clock = peak(), time.monotonic(), time.process_time()
        data = tables.read(path, Choices(normalise=True))
        wall, clock = time.monotonic() - wall, time.process_time() - clock
        assert len(data) == rows
        assert data.features.shape[1] == 13
        print(f"{path.stat().st_size / 1e6:.0f} MB, {rows:,} rows × 12 columns")
        print(f"read in {wall:.1f} s ({clock:.1f} s of the processor), {peak() - before:+.0f} MB")
        slowest = max(cancelled_after(path, part) for part in (0.1, 0.5, 0.9, 1.0))
        print(f"slowest cancel {slowest:.2f} s")
    return 0


def cancelled_after(path: Path, part: float) -> float:
    """Seconds from cancelling, at that part of the reading, until the reading has ended."""
    reached, wanted = threading.Event(), threading.Event()

    def report(done: float) -> None:
        if done >= part:
            reached.set()
        if wanted.is_set():
            raise Cancelled

    def reading() -> None:
        try:
            tables.read(path, report=report)
        except Cancelled:
            return
        finally:
            reached.set()

    thread = threading.Thread(target=reading)
    thread.start()
    reached.wait()
    time.sleep(0.05)
    asked = time.monotonic()
    wanted.set()
    thread.join()
    return time.monotonic() - asked


if __name__ == "__main__":
    sys.exit(main())
