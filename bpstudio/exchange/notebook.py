"""The studio in notebooks and scripts, without a window.

    import bpstudio

    net = bpstudio.build("xor", (2, 4, 1))      # or load("P.bps"), formula("(x+y)*z", x=-2, …)
    net                                         # in a notebook: its picture
    for step in net.step():                     # each gate forward, then each one backward
        print(step.node)
    net.check().max_relative_error              # backpropagation against central differences
    net = net.train(1000)                       # another network; the first stays as it was
    net.predict([[0, 1], [1, 1]])
    net.export("onnx", "xor.onnx", verify=True)
    net.save("xor.bps")

A network is a value: what changes it gives a new one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bpstudio import plugins
from bpstudio.data import plugged, tables, toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.check import Check, gradient_check
from bpstudio.engine.formula import build as built
from bpstudio.engine.op import Array
from bpstudio.engine.run import BackwardStep, Recording, Step
from bpstudio.errors import ShapeError
from bpstudio.exchange import formats, importing
from bpstudio.exchange.diagram import svg
from bpstudio.exchange.verify import Verification
from bpstudio.language import N_
from bpstudio.playback.picture import picture
from bpstudio.project import build as projects
from bpstudio.project import edits, file, runs
from bpstudio.project.iteration import iteration
from bpstudio.project.project import Project, arguments, complete
from bpstudio.training.trainer import train_now

# A notebook is a program of ours that begins here.
plugged.load()
if said := plugins.unsaid():
    warnings.warn(said, stacklevel=2)


@dataclass(frozen=True, eq=False)
class Network:
    """A network with its data and its training: a project, and what one does with it."""

    project: Project

    def run(self) -> Recording:
        """The next training step gate by gate: every value, gradient and contribution."""
        project = self.project
        return iteration(project, step=project.trained.steps, memory=project.trained.memory)

    def step(self) -> Iterator[Step | BackwardStep]:
        """The same one at a time: each gate forward, then each one backward."""
        recording = self.run()
        yield from recording.forward
        yield from recording.backward

    def check(self) -> Check:
        """Every parameter's gradient against central differences."""
        project = complete(self.project)
        return gradient_check(project.graph, arguments(project), project.weights)

    def train(self, steps: int = 1000, *, seed: int | None = None) -> Network:
        """The network after so many steps more; with a seed from new starting weights."""
        project = self.project if seed is None else edits.new_weights(self.project, seed)
        return Network(runs.landed(project, train_now(runs.job(project, steps))))

    def predict(self, rows: Sequence[Sequence[float]] | Array) -> Array:
        """The answers for rows of features, shape (rows, outputs).

        Raises ShapeError for what is no rows of as many numbers each as the network reads.
        """
        try:
            numbers = np.asarray(rows, dtype=np.float64)
        except (ValueError, TypeError):
            raise ShapeError(
                N_(
                    "Rows of numbers are needed, such as [[0, 1], [1, 1]], each as long as the "
                    "others."
                )
            ) from None
        return runs.predict(self.project, numbers)

    @property
    def weights(self) -> Mapping[str, Array]:
        """The parameters by key `node.port`; the arrays are read-only."""
        return complete(self.project).weights

    @property
    def losses(self) -> Array:
        """The loss of each step of its training."""
        return self.project.trained.losses

    def save(self, path: str | Path) -> None:
        """Write it as a project that the window opens; raises FileError where that fails."""
        file.save(self.project, path)

    def export(self, format: str, path: str | Path, *, verify: bool = False) -> Verification | None:
        """Write it for another program; `formats()` lists the formats.

        With `verify` the file is run in its own runtime and compared. Raises StudioError for what
        can't be written.
        """
        written = formats.export(self.project, format, path)
        return formats.verify(self.project, format, written[0]) if verify else None

    def verify(self, format: str) -> Verification:
        """What an export computes, run in its own runtime and compared: `max_difference` says how
        far its numbers are from ours, and `skipped` why it was not run.
        """
        return formats.tried(self.project, format)

    def _repr_svg_(self) -> str:
        """Its picture, as Jupyter shows it."""
        return svg(picture(self.project), title=self.project.title)


def build(data: str | Path | Dataset, layers: Sequence[int], **settings: Any) -> Network:
    """A network of fully connected layers for a data set.

    `data` is the name of a toy set, the path of a table, or a `Dataset`; `layers` are the sizes
    from input to output. `settings` are those of `bpstudio new`: activation, output, loss,
    optimizer, learning_rate, batch, seed. Raises StudioError for what does not fit.
    """
    if not isinstance(data, Dataset):
        data = toys.make(str(data)) if str(data) in toys.TOYS else tables.read(Path(data))
    return Network(projects.network(data, tuple(layers), **settings))


def formula(text: str, **values: float) -> Network:
    """The graph of gates of a formula such as `(x+y)*z`, with a value for each name."""
    return Network(projects.from_formula(built(text, values)))


def load(path: str | Path) -> Network:
    """A project from its file; raises FileError, one sentence, for one that can't be read."""
    return Network(file.load(path))


def import_model(
    model: str | Path, *, into: Network | None = None, data: Dataset | None = None
) -> Network:
    """A model of another tool; see `bpstudio import`. What is not understood stands inert."""
    whole = None if into is None else into.project
    return Network(importing.import_model(model, into=whole, data=data).project)
