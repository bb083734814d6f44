"""What each plot costs: drawn anew for its data, and painted.

    python3 packaging/dev.py bench plots [--steps 1000000]

The loss plot has that many steps; all others a spiral network after some hundred. Medians of the
processor's time in milliseconds, of a dock of 560 by 300.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtGui import QImage

from bpstudio.data import toys
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import LIGHT
from bpstudio.project import build, edits, runs
from bpstudio.project.retracing import retracing
from bpstudio.training.landscape import PATH, surveying
from bpstudio.training.trainer import train_now
from bpstudio.ui.app import make_application
from bpstudio.ui.docks import PANELS
from bpstudio.ui.panels.loss import LossPanel
from bpstudio.ui.panels.plot import PlotPanel
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.training import Training

SIZE = (560, 300)
ROUNDS = 15
TRAINED = 400
GROWTH = 5000
"""So many steps have come since the loss was drawn last."""


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--steps", type=int, default=1_000_000)
    steps = words.parse_args().steps
    app = make_application(Preferences())
    network = build.network(toys.make("spiral", arms=3), (2, 16, 16, 3))
    project = runs.landed(network, train_now(runs.job(network, TRAINED)))
    *_, trail = retracing(project)
    path = np.stack([each.vector for each in trail.glances if each.vector is not None])
    *_, landscape = surveying(runs.job(project, 0), path, PATH, 0)
    studio = Studio(Preferences(), Training())
    studio.begin(project)
    print("| plot | drawn, ms | painted, ms |")
    print("|---|--:|--:|")
    for panel in (panel for panel in PANELS if panel.is_plot):
        made = panel.make(studio)
        assert isinstance(made, PlotPanel)
        made.resize(*SIZE)
        if made.tracing is not None:
            made.tracing.trail, made.tracing.landscape = trail, landscape
        look, rect = made.look(), Rect(0, 0, *SIZE)
        drawn = median(partial(made.plot.draw, look, rect, LIGHT))
        made.ground.resize(*SIZE)
        made.ground.show_marks(made.plot.draw(look, rect, LIGHT).marks)
        page = QImage(*SIZE, QImage.Format.Format_RGB32)
        print(f"| {panel.name} | {drawn:.2f} | {median(partial(made.ground.render, page)):.2f} |")
    draw = np.random.default_rng(0)
    losses = np.exp(-np.arange(steps) / steps) + 0.1 * draw.random(steps)
    weights = project.weights, project.statistics
    long = edits.land_training(edits.reset(project), *weights, losses, steps)
    studio.begin(long)
    loss = LossPanel(studio)
    loss.resize(*SIZE)
    loss.show()
    app.processEvents()
    page = QImage(*SIZE, QImage.Format.Format_RGB32)
    grown = iter(range(steps - GROWTH * (ROUNDS + 1), steps + 1, GROWTH))
    loss.series.follow(losses[: next(grown)])

    def grow() -> None:
        studio.shown = replace(studio.shown, losses=losses[: next(grown)])
        loss.refresh()

    print(f"| loss of {steps} | {median(grow):.2f} | {median(lambda: loss.render(page)):.2f} |")
    studio.close()


def median(work: Callable[[], object]) -> float:
    """The median of the processor's time that it takes, in milliseconds."""
    times = []
    for _round in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - began))
    return float(np.median(times))


if __name__ == "__main__":
    main()
