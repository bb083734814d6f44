"""Our canvas beside NodeGraphQt, in the same run: python tests/bench/peers.py [table.md]

    python -m venv /elsewhere/venv
    /elsewhere/venv/bin/pip install NodeGraphQt Qt.py
    PYTHONPATH=/elsewhere/venv/lib/python3.11/site-packages python tests/bench/peers.py table.md

The same networks of gates, 1280 × 800 pixels, without a screen; situation by situation, ours and
theirs in turn. Milliseconds of the process's CPU time for a frame in which all is drawn, median and
99th percentile, in one table; `python packaging/dev.py bench canvas` ends with it too. Theirs is
built at as many nodes as it can be within three minutes. A peer that is not installed is left out,
with a sentence.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("QT_PREFERRED_BINDING", "PySide6")

import argparse
import gc
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bpstudio.playback.palette import THEMES
from bpstudio.project.project import Project
from bpstudio.ui import painter, style
from bpstudio.ui.canvas import view as views
from bpstudio.ui.canvas.canvas import Canvas
from bpstudio.ui.canvas.gestures.gesture import Pointer
from bpstudio.ui.canvas.gestures.move import Move
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training
from tests.bench.canvas import SIZE, network

SITUATIONS = ("idle", "panning", "zooming", "dragging a node", "animated")
Frame = Callable[[int], None]
TABLE = Path(__file__).resolve().parents[2] / "build" / "canvas-and-peers.md"
PATIENCE = 180.0
"""Seconds of CPU time that building a peer's network may take."""


class TooLong(Exception):
    """It could not be built in time."""


class Ours:
    """The canvas with a project."""

    name = "Backprop Studio"

    def __init__(self, project: Project) -> None:
        self.studio = Studio(Preferences(), Training())
        self.canvas = Canvas(self.studio)
        self.canvas.resize(*SIZE)
        self.canvas.show()
        QTest.qWaitForWindowExposed(self.canvas)
        self.studio.begin(project)
        self.studio.show_position(float(self.studio.shown.length))
        self.canvas.repaint()
        body = self.canvas.scene.each[len(self.canvas.scene.each) // 2]
        self._id, self._centre = body.node.id, body.rect.centre

    def frame(self, situation: str) -> Frame:
        """What makes and paints one frame."""
        canvas, studio, length = self.canvas, self.studio, self.studio.shown.length
        canvas.fit()

        def idle(_frame: int) -> None:
            canvas.update()

        def pan(frame: int) -> None:
            canvas.look(canvas.view.moved(7.0 if frame % 40 < 20 else -7.0, 3.0))

        def zoom(frame: int) -> None:
            step = 1 if frame % 16 < 8 else -1
            canvas.zoom_about(views.step(canvas.view.scale, step), (640.0, 400.0))

        def drag(frame: int) -> None:
            x, y = canvas.view.to_widget(self._centre)
            if canvas.gesture is None:
                start = Pointer((x, y), self._centre)
                canvas.begin(Move(canvas, start, frozenset({self._id})))
            at = x + 60 * np.sin(frame / 9), y + 40 * np.cos(frame / 9)
            gesture = canvas.gesture
            assert gesture is not None
            gesture.move(Pointer(at, canvas.view.to_canvas(at)))

        def animate(frame: int) -> None:
            studio.show_position((0.35 * length + frame / 24) % length)

        changes = dict(zip(SITUATIONS, (idle, pan, zoom, drag, animate), strict=True))

        def paint(frame: int) -> None:
            changes[situation](frame)
            canvas.repaint()

        return paint

    def rest(self) -> None:
        """End what is going on."""
        self.canvas.give_up()

    def close(self) -> None:
        """End it all."""
        self.studio.close()
        self.canvas.close()
        self.canvas.deleteLater()


class NodeGraphQt:
    """Their viewer with the same network; they have no values, so what moves is a node's label."""

    name = "NodeGraphQt"

    def __init__(self, project: Project) -> None:
        from NodeGraphQt import BaseNode, NodeGraph  # type: ignore[import-not-found,unused-ignore]

        class Gate(BaseNode):  # type: ignore[misc,unused-ignore]
            __identifier__ = "gates"
            NODE_NAME = "Gate"

        until = time.process_time() + PATIENCE
        self.graph: Any = NodeGraph()
        # To find cycles it would walk every path at each wire: at a thousand nodes for over a
        # quarter of an hour.
        self.graph.set_acyclic(False)
        self.graph.register_node(Gate)
        self.nodes: dict[str, Any] = {}
        for node in project.graph.ordered:
            made = self.graph.create_node("gates.Gate", name=node.id, push_undo=False)
            for port in node.op.ports:
                if node.sources.get(port.name):
                    made.add_input(port.name)
            made.add_output("out")
            made.set_pos(*project.places[node.id])
            self.nodes[node.id] = made
            if time.process_time() > until:
                raise TooLong
        for node in project.graph.ordered:
            for name, sources in node.sources.items():
                target = self.nodes[node.id].inputs()[name]
                target.connect_to(self.nodes[sources[0]].outputs()["out"], push_undo=False)
            if time.process_time() > until:
                raise TooLong
        self.viewer: Any = self.graph.viewer()
        self.viewer.resize(*SIZE)
        self.viewer.show()
        QTest.qWaitForWindowExposed(self.viewer)
        self._middle = list(self.nodes.values())[len(self.nodes) // 2]

    def frame(self, situation: str) -> Frame:
        """What makes and paints one frame."""
        viewer, view = self.viewer, self._middle.view
        self.graph.clear_selection()
        items = viewer.scene().itemsBoundingRect()
        viewer.setSceneRect(items.adjusted(-5000, -5000, 5000, 5000))
        viewer.fitInView(items, Qt.AspectRatioMode.KeepAspectRatio)
        x, y = view.x(), view.y()

        def idle(_frame: int) -> None:
            viewer.viewport().update()

        def pan(frame: int) -> None:
            bar = viewer.horizontalScrollBar()
            bar.setValue(bar.value() + (7 if frame % 40 < 20 else -7))

        def zoom(frame: int) -> None:
            factor = 1.09 if frame % 16 < 8 else 1 / 1.09
            viewer.scale(factor, factor)

        def drag(frame: int) -> None:
            view.setPos(QPointF(x + 60 * np.sin(frame / 9), y + 40 * np.cos(frame / 9)))

        def animate(frame: int) -> None:
            for number, node in enumerate(self.nodes.values()):
                node.view.text_item.setPlainText(f"{(number + frame) % 997 / 100:.2f}")

        changes = dict(zip(SITUATIONS, (idle, pan, zoom, drag, animate), strict=True))

        def paint(frame: int) -> None:
            changes[situation](frame)
            viewer.viewport().repaint()

        return paint

    def rest(self) -> None:
        """There is nothing to end."""

    def close(self) -> None:
        """End it all."""
        self.viewer.close()
        self.viewer.deleteLater()


def built(kind: Any, project: Project) -> tuple[Any, float]:
    """A program with that network, and how many seconds that took; None where it takes too long."""
    began = time.perf_counter()
    try:
        return kind(project), time.perf_counter() - began
    except TooLong:
        return None, time.perf_counter() - began


def measured(peers: list[Any], situation: str, seconds: float) -> dict[str, tuple[float, float]]:
    """Median and 99th percentile of the CPU time for a frame of each, ours and theirs in turn."""
    frames = {peer.name: peer.frame(situation) for peer in peers}
    times: dict[str, list[float]] = {name: [] for name in frames}
    gc.collect()
    gc.disable()
    began, number = time.perf_counter(), 0
    while time.perf_counter() - began < seconds or number < 8:
        for name, frame in frames.items():
            cpu = time.process_time()
            frame(number)
            times[name].append((time.process_time() - cpu) * 1000)
        number += 1
    gc.enable()
    for peer in peers:
        peer.rest()
    return {
        name: (float(np.median(each[3:])), float(np.quantile(each[3:], 0.99)))
        for name, each in times.items()
    }


def table(path: Path, counts: Sequence[int], seconds: float) -> None:
    """Measure, print, and write the table."""
    kinds: list[Any] = [Ours]
    if importlib.util.find_spec("NodeGraphQt") is None:
        print("NodeGraphQt is not installed, so only our own canvas is measured.")
    else:
        kinds.append(NodeGraphQt)
    rows = [f"| nodes | | built, s | {' | '.join(SITUATIONS)} |", "|--:|---|" + "--:|" * 6]
    print("\n".join(rows), flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    for count in counts:
        project = network(count)
        programs = {kind.name: built(kind, project) for kind in kinds}
        peers = [program for program, _took in programs.values() if program is not None]
        found = [measured(peers, situation, seconds) for situation in SITUATIONS]
        for name, (program, took) in programs.items():
            cells = [f"{each[name][0]:.2f} ({each[name][1]:.2f})" for each in found if name in each]
            told = f"{took:.1f}" if program is not None else f"not within {took:.0f}"
            shown = " | ".join(cells or ["–"] * len(SITUATIONS))
            rows.append(f"| {count:,} | {name} | {told} | {shown} |")
            print(rows[-1], flush=True)
            if program is None:  # nor more of them
                kinds = [Ours]
        if len(peers) > 1:
            ours, theirs = (peer.name for peer in peers)
            times = [f"{each[theirs][0] / each[ours][0]:.1f} ×" for each in found]
            rows.append(f"| {count:,} | times faster | | {' | '.join(times)} |")
            print(rows[-1], flush=True)
        for peer in peers:
            peer.close()
        said = "Milliseconds of CPU time for a frame, median (99th percentile).\n\n"
        path.write_text(said + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"Written to {path}.")


def main() -> None:
    """The table alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, nargs="?", default=TABLE)
    parser.add_argument("--nodes", type=int, nargs="+", default=[100, 500, 1000, 5000])
    parser.add_argument("--seconds", type=float, default=8.0, help="for each situation")
    options = parser.parse_args()
    app = QApplication(["bench"])
    painter.load_fonts()
    style.apply(app, THEMES["light"])
    table(options.table, options.nodes, options.seconds)


if __name__ == "__main__":
    main()
