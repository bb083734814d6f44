"""The commands, each from its arguments to an `Answer`.

What a command needs is imported when it runs, so that `--help` and the window start at once.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import sys
import time
import unicodedata
from pathlib import Path
from types import ModuleType
from typing import Any

from bpstudio.cli.answer import Answer, number, table, values
from bpstudio.errors import StudioError
from bpstudio.language import N_, _

VIEWS = ("graph", "boundary", "loss", "weights")
PHASES = ("forward", "backward", "update")
THEMES = ("light", "dark", "projector")
PASSED = 1e-5
"""A gradient check fails above this: central differences in float64 come to about 1e-9."""


def formula(words: argparse.Namespace) -> Answer:
    """The graph of gates of a formula, run forward and backward."""
    from bpstudio.engine import run
    from bpstudio.engine.formula import build

    built = build(words.text, _assignments(words.values))
    recording = run.record(built.graph, built.given, {}, ancestors_of=built.output)
    recording.require_finite()
    nodes: list[dict[str, Any]] = []
    for step in recording.forward:
        node = built.graph[step.node]
        gradient = recording.gradients.get(node.id)
        contributions = [
            {"to": target, "port": port, "slot": slot, "gradient": passed}
            for (target, port, slot), passed in recording.contributions.items()
            if built.graph[target].sources[port][slot] == node.id
        ]
        nodes.append(
            {
                "id": node.id,
                "op": node.op.name,
                "inputs": list(node.feeding),
                "value": step.output,
                "gradient": gradient,
                "contributions": contributions,
            }
        )
    variables = {
        name: {"value": recording.values[name], "gradient": recording.gradients.get(name)}
        for name in built.variables
    }
    rows = [
        (
            node["id"],
            built.graph[node["id"]].op.face,
            ", ".join(node["inputs"]),
            values(node["value"]),
            "-" if node["gradient"] is None else values(node["gradient"]),
        )
        for node in nodes
    ]
    header = (_("node"), _("gate"), _("reads"), _("value"), _("gradient"))
    text = f"{words.text.strip()} = {values(recording.values[built.output])}\n\n"
    data = {"output": recording.values[built.output], "nodes": nodes, "variables": variables}
    return Answer(text + table(rows, header), data)


def new(words: argparse.Namespace) -> Answer:
    """A project for a data set, written to a file."""
    from bpstudio.playback.scene import laid_out
    from bpstudio.project import build, file
    from bpstudio.project.project import parameter_count as count

    project = build.network(
        _dataset(words),
        words.layers,
        activation=words.activation,
        output=words.output,
        loss=words.loss,
        optimizer=words.optimizer,
        learning_rate=words.learning_rate,
        batch=words.batch,
        seed=words.seed,
    )
    project = laid_out(project)
    file.save(project, words.out)
    names, parameters = list(project.graph.order), count(project)
    text = _("{path}: {nodes}; {parameters} parameters.").format(
        path=words.out, nodes=" → ".join(names), parameters=parameters
    )
    return Answer(text, {"path": words.out, "nodes": names, "parameters": parameters})


def train(words: argparse.Namespace) -> Answer:
    """A project trained; the file itself is not touched."""
    from bpstudio.project import edits, file, runs
    from bpstudio.training.diagnose import diverged
    from bpstudio.training.trainer import train_now

    project = file.load(words.file)
    if words.seed is not None:
        project = edits.new_weights(project, words.seed)
    result = train_now(runs.job(project, words.steps), _progress(words.steps))
    trained = runs.landed(project, result)
    problem = diverged(trained.trained.losses, project.training.optimizer.learning_rate)
    if problem is not None:
        raise problem
    if words.out:
        file.save(trained, words.out)
    losses, accuracy = result.losses, result.metrics.accuracy
    data = {
        "steps": len(losses),
        "seed": project.training.seed,
        "loss_first": losses[0] if len(losses) else None,
        "loss_last": losses[-1] if len(losses) else None,
        "losses": losses,
        "accuracy": accuracy,
        "test_loss": result.metrics.test_loss,
        "test_accuracy": result.metrics.test_accuracy,
        "steps_per_second": result.steps_per_second,
    }
    text = _("{steps} steps with seed {seed}").format(steps=len(losses), seed=data["seed"])
    if len(losses):
        text += _(": loss {first} → {last}").format(
            first=number(losses[0]), last=number(losses[-1])
        )
    if accuracy is not None:
        text += _(", accuracy {accuracy:.1%}").format(accuracy=accuracy)
    text += _(", {rate:,.0f} steps/s.").format(rate=result.steps_per_second)
    if words.out:
        text += "\n" + _("The trained copy is {path}.").format(path=words.out)
    return Answer(text, data)


def check(words: argparse.Namespace) -> Answer:
    """Every parameter's gradient against central differences."""
    from bpstudio.engine.check import gradient_check
    from bpstudio.project import file
    from bpstudio.project.project import arguments
    from bpstudio.project.project import parameter_count as count

    project = file.load(words.file)
    found = gradient_check(project.graph, arguments(project), project.weights)
    passed = found.max_relative_error <= PASSED
    data = {
        "parameters": count(project),
        "max_relative_error": found.max_relative_error,
        "passed": passed,
        "forward_passes": found.forward_passes,
        "numeric_seconds": found.numeric_seconds,
        "backward_seconds": found.backward_seconds,
        "entries": [{"key": e.key, "error": e.error} for e in found.entries.values()],
    }
    rows = [
        (e.key, values(e.analytic), values(e.numeric), f"{e.error:.2g}")
        for e in found.entries.values()
    ]
    header = (_("gradient of"), _("backpropagation"), _("central difference"), _("error"))
    verdict = _("passed") if passed else _("FAILED")
    text = _(
        "{verdict}: {parameters} parameters, largest relative error {error:.2g}.\n"
        "Numerically it took {passes} forward passes ({numeric:.3g} s), "
        "by backpropagation one forward and one backward pass ({backward:.3g} s)."
    ).format(
        verdict=verdict,
        parameters=count(project),
        error=found.max_relative_error,
        passes=found.forward_passes,
        numeric=found.numeric_seconds,
        backward=found.backward_seconds,
    )
    return Answer(f"{table(rows, header)}\n\n{text}", data, 0 if passed else 1)


def predict(words: argparse.Namespace) -> Answer:
    """The network's outputs for the rows of a table."""
    from bpstudio.data.new_rows import read_features
    from bpstudio.project import file
    from bpstudio.project.runs import predict as outputs_of

    project = file.load(words.file)
    inputs = read_features(words.input, project.data)
    outputs = outputs_of(project, inputs)
    names = [f"y{i + 1}" for i in range(outputs.shape[1])]
    lines = [",".join(names), *(",".join(repr(float(v)) for v in row) for row in outputs)]
    return Answer("\n".join(lines), {"inputs": inputs, "outputs": outputs})


def export(words: argparse.Namespace) -> Answer:
    """The model as a file for another program."""
    from bpstudio.exchange import formats
    from bpstudio.project import file

    if words.list:
        rows = [(f.name, f.ending, _(f.title)) for f in formats.every().values()]
        names = [f.name for f in formats.every().values()]
        return Answer(table(rows, (_("format"), _("ending"), _("what"))), {"formats": names})
    if not (words.file and words.to and words.out):
        raise StudioError(N_("export needs P.bps --to FORMAT --out PATH, or --list."))
    project = file.load(words.file)
    files = formats.export(project, words.to, words.out)
    data: dict[str, Any] = {"format": words.to, "path": words.out, "files": files}
    data["max_difference"] = None
    text = _("Written: {files}.").format(files=", ".join(map(str, files)))
    status = 0
    if words.verify:
        found = formats.verify(project, words.to, words.out)
        data |= {"max_difference": found.max_difference, "runtime": found.runtime}
        if found.skipped:
            data["skipped"] = found.skipped
            text += "\n" + _("Not verified: {reason}").format(reason=found.skipped)
        else:
            text += "\n" + _("Run in {runtime}: largest difference {difference:.2g}.").format(
                runtime=found.runtime, difference=found.max_difference
            )
            status = 0 if found.passed else 1
    return Answer(text, data, status)


def render(words: argparse.Namespace) -> Answer:
    """A picture or a film of a project."""
    from bpstudio.project import file
    from bpstudio.ui.render import render as draw

    project = file.load(words.file)
    drawn = draw(
        project,
        Path(words.out),
        views=words.view,
        phase=words.phase,
        step=words.step,
        time=words.time,
        training=words.training,
        theme=words.theme,
        size=words.size,
        rate=words.fps,
        report=_frames if words.progress else None,
    )
    data = {"path": words.out, "width": drawn.width, "height": drawn.height}
    data["frames"] = drawn.frames
    text = _("{path}: {width} × {height}").format(**data)
    if drawn.frames > 1:
        text += _(", {frames} frames").format(frames=drawn.frames)
    return Answer(text, data)


def window(words: argparse.Namespace) -> Answer:
    """The window; it does not return until it is closed."""
    if words.file and not Path(words.file).exists():
        raise StudioError(
            N_("There is no file and no command called {name}. `bpstudio --help` lists commands."),
            name=words.file,
        )
    # Of what is made until the window stands nothing is garbage; then it looks after its own.
    gc.disable()
    try:
        status: int = bring_window().run(
            Path(words.file) if words.file else None,
            language=words.lang,
            smoke=words.smoke,
            reset=words.reset,
        )
    finally:
        gc.enable()
    return Answer("", {"status": status}, status)


def bring_window() -> ModuleType:
    """The module that starts the window. Raises StudioError where Qt is not all there."""
    try:
        from bpstudio.ui import app
    except ImportError as error:
        if not (error.name or "").startswith(("PySide6", "shiboken6")):
            raise
        raise StudioError(
            N_("The window can't be opened: {reason}. `bpstudio doctor` says what is missing."),
            reason=error,
        ) from None
    return app


def doctor(words: argparse.Namespace) -> Answer:
    """What is installed, where things lie, and what is missing."""
    from bpstudio.cli.doctor import examine

    return examine()


def _dataset(words: argparse.Namespace) -> Any:
    from bpstudio.data import tables, toys

    table = Path(words.data)
    if words.data not in toys.TOYS and (table.suffix or table.exists()):
        return tables.read(table)
    recipe = {"points": words.points, "noise": words.noise}
    return toys.make(words.data, **{key: v for key, v in recipe.items() if v is not None})


def _assignments(words: list[str]) -> dict[str, Any]:
    """`name=value` words; a value is a number or nested lists of numbers."""
    found: dict[str, Any] = {}
    for word in words:
        name, _equals, text = word.partition("=")
        name = name.strip()
        if name in found:
            raise StudioError(N_("{name} has two values. Give it one."), name=name)
        try:
            found[name] = _value(text)
        except ValueError:
            raise StudioError(
                N_("{word} gives no value. Write it as name=number, such as x=-2."), word=word
            ) from None
    return found


def _value(text: str) -> Any:
    """A number as a person types it (.5, 0,5, a real minus sign), or nested lists of numbers."""
    plain = unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-").strip()
    try:
        number = float(plain.replace(",", "."))  # between entries of a list there are brackets
    except ValueError:
        return json.loads(plain, parse_constant=_refuse)
    return number if math.isfinite(number) and "_" not in plain else _refuse(text)


def _refuse(text: str) -> float:
    raise ValueError(text)


def _frames(done: int, count: int) -> None:
    """A line for each frame of a film, for whoever follows how far it is."""
    print(f"{done}/{count}", file=sys.stderr, flush=True)


def _progress(steps: int) -> Any:
    """A line on a terminal that is written over itself; nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _progress: None
    started = time.perf_counter()

    def report(progress: Any) -> None:
        elapsed = max(time.perf_counter() - started, 1e-9)
        rate = progress.step / elapsed
        left = (steps - progress.step) / rate if rate else 0.0
        line = _("step {step} of {steps}, {rate:,.0f} steps/s, {left:.0f} s left").format(
            step=progress.step, steps=steps, rate=rate, left=left
        )
        end = "\n" if progress.step >= steps else ""
        print(f"\r{line}\x1b[K", end=end, file=sys.stderr, flush=True)

    return report
