"""How long the canvas takes for a frame: python tests/bench/canvas.py

Networks of scalar gates with ports, titles and numbers, 1280 × 800 pixels, without a screen. For
each situation the median and the 99th percentile of the time on the wall and of the process's CPU
time, in milliseconds. At last our canvas and NodeGraphQt in one table, which `peers.py` writes.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import gc
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import catalog
from bpstudio.engine.run import Recording
from bpstudio.playback.palette import THEMES
from bpstudio.playback.timeline import Timeline
from bpstudio.project.project import Project, complete, frozen
from bpstudio.ui import painter, style
from bpstudio.ui.canvas import view as views
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training

SIZE = 1280, 800
READABLE = 0.5
"""A scale at which numbers can be read and hundreds of nodes are seen."""
NEAR = 1.0
"""A scale at which formulas and curves are drawn too."""
GATES = ("add", "multiply", "tanh", "max", "tanh")
"""With as many that bound their numbers as a network has that can be trained."""


def network(count: int) -> Project:
    """So many nodes in columns: a tenth are inputs, a gate is fed from the columns before it."""
    chance = random.Random(1)
    rows = max(8, int((count / 2.2) ** 0.5))
    nodes = {f"x{i}": Node(f"x{i}", catalog["input"]()) for i in range(max(rows, count // 10))}
    ids = list(nodes)
    while len(ids) < count:
        op = catalog[chance.choice(GATES)]()
        near = ids[-2 * rows : -rows // 2] or ids
        id = f"{op.name}{len(ids)}"
        nodes[id] = Node(id, op, {port.name: (chance.choice(near),) for port in op.ports})
        ids.append(id)
    graph = Graph(nodes)
    places = {id: (k // rows * 170.0, k % rows * 90.0) for k, id in enumerate(ids)}
    given = {f"{id}.value": frozen(chance.uniform(-1, 1)) for id in ids if id.startswith("x")}
    return complete(Project(graph=graph, given=given, places=places))


def disturbed(recording: Recording, chance: np.random.Generator) -> Timeline:
    """The same iteration with every value another: what training a network of gates shows."""
    forward = tuple(
        replace(step, output=np.asarray(_disturbed(step.op.name, chance)))
        for step in recording.forward
    )
    return Timeline(replace(recording, forward=forward))


def _disturbed(op: str, chance: np.random.Generator) -> float:
    """Another number that the gate can give."""
    return float(chance.uniform(-0.9, 0.9) if op == "tanh" else chance.uniform(-9, 9))


class Bench:
    """A studio with a canvas, and the table of what was measured."""

    def __init__(self, count: int, frames: int) -> None:
        self.count, self.frames = count, frames
        self.studio = Studio(Preferences(), Training())
        began = time.perf_counter()
        project = network(count)
        self.say("make the project", [(time.perf_counter() - began, 0.0)])
        self.canvas = Canvas(self.studio)
        self.canvas.resize(*SIZE)
        self.canvas.show()
        QTest.qWaitForWindowExposed(self.canvas)
        began = time.perf_counter()
        self.studio.begin(project)
        self.canvas.repaint()
        self.say("open it, to the first frame", [(time.perf_counter() - began, 0.0)])

    def say(self, name: str, times: list[tuple[float, float]]) -> None:
        """A line of the table."""
        wall, cpu = (np.array(column) * 1000 for column in zip(*times, strict=True))
        numbers = [np.median(wall), np.quantile(wall, 0.99), np.median(cpu), np.quantile(cpu, 0.99)]
        print(f"{self.count:6d}  {name:42s}" + "".join(f"{number:9.2f}" for number in numbers))

    def measure(self, name: str, change: Callable[[int], object], frames: int = 0) -> None:
        """The time of one change and the frame after it, again and again."""
        for frame in range(3):
            change(frame)
            self.canvas.repaint()
        gc.collect()
        gc.disable()
        times = []
        for frame in range(3, 3 + (frames or self.frames)):
            wall, cpu = time.perf_counter(), time.process_time()
            change(frame)
            self.canvas.repaint()
            times.append((time.perf_counter() - wall, time.process_time() - cpu))
        gc.enable()
        self.say(name, times)

    def close(self) -> None:
        """End the studio."""
        self.studio.close()
        self.canvas.close()
        self.canvas.deleteLater()


def run(count: int, frames: int) -> None:
    """Everything at one size."""
    bench = Bench(count, frames)
    canvas, studio = bench.canvas, bench.studio
    length = studio.shown.length

    def play(frame: int) -> None:
        studio.show_position((0.35 * length + frame / 24) % length)

    def sweep(frame: int) -> None:
        studio.show_position(frame * length / (frames + 3))

    def swap(frame: int) -> None:
        studio.shown = replace(studio.shown, timeline=timelines[frame % len(timelines)])
        studio.moved.emit(studio.shown)

    def pan(frame: int) -> None:
        canvas.look(canvas.view.moved(11.0 if frame % 160 < 80 else -11.0, 3.0))

    def zoom(frame: int) -> None:
        step = 1 if frame % 16 < 8 else -1
        canvas.zoom_about(views.step(canvas.view.scale, step), (640.0, 400.0))

    for where, scale in (("fit", None), ("readable", READABLE), ("near", NEAR)):
        canvas.fit()
        if scale is not None:
            canvas.zoom_to(scale)
            settle(canvas)
        studio.show_position(float(length))
        settle(canvas)
        bench.measure(f"{where}: idle, all drawn again", lambda _frame: canvas.update())
        bench.measure(f"{where}: play, 24 frames a moment", play)
        bench.measure(f"{where}: scrub through all moments", sweep)
        recording = studio.shown.recording
        assert recording is not None
        chance = np.random.default_rng(0)
        timelines = [disturbed(recording, chance) for _ in range(8)]
        for timeline in timelines:  # what the timeline itself finds out is not the canvas's
            studio.shown = replace(studio.shown, timeline=timeline)
            canvas.repaint()
        studio.show_position(float(length))
        settle(canvas)
        bench.measure(f"{where}: every value another", swap)
        bench.measure(f"{where}: pan", pan)
        bench.measure(f"{where}: zoom", zoom, frames // 4)
        bench.measure(f"{where}: refine after zooming", lambda _frame: canvas.rest(), frames // 4)
        settle(canvas)
        drag(bench)
    bench.measure("save as an image", lambda _frame: grab(canvas), 5)
    bench.close()


def settle(canvas: Canvas) -> None:
    """Let everything be drawn that is drawn when there is time."""
    canvas.rest()
    canvas.repaint()
    while canvas.drawing.behind:
        canvas.repaint()


def drag(bench: Bench) -> None:
    """One node under the mouse."""
    canvas = bench.canvas
    canvas.fit()
    settle(canvas)
    id = canvas.scene.each[bench.count // 2].node.id
    x, y = canvas.view.to_widget(canvas.scene.bodies[id].rect.centre)
    from bpstudio.ui.canvas.gestures.gesture import Pointer
    from bpstudio.ui.canvas.gestures.move import Move

    begin = Pointer((x, y), canvas.view.to_canvas((x, y)))
    canvas.begin(Move(canvas, begin, frozenset({id})))

    def follow(frame: int) -> None:
        at = x + 60 * np.sin(frame / 9), y + 40 * np.cos(frame / 9)
        gesture = canvas.gesture
        assert gesture is not None
        gesture.move(Pointer(at, canvas.view.to_canvas(at)))

    bench.measure("drag a node", follow)
    canvas.give_up()


def grab(canvas: Canvas) -> QImage:
    """The whole canvas as an image."""
    return canvas.grab().toImage()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--frames", type=int, default=240)
    options = parser.parse_args()
    app = QApplication(["bench"])
    painter.load_fonts()
    style.apply(app, THEMES["light"])
    print(f"{'nodes':>6s}  {'':42s}{'wall':>9s}{'p99':>9s}{'cpu':>9s}{'p99':>9s}")
    for count in options.nodes:
        run(count, options.frames)
    subprocess.run([sys.executable, Path(__file__).with_name("peers.py")], check=True)


if __name__ == "__main__":
    main()
