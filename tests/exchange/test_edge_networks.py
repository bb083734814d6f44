"""An unused parameter, a frozen node, dropout and batch norm: each format has them right."""

from __future__ import annotations

import ast
import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.engine.graph import Graph, Node, add
from bpstudio.engine.op import catalog
from bpstudio.errors import StudioError
from bpstudio.exchange import formats
from bpstudio.project import runs
from bpstudio.project.gates import gate
from bpstudio.project.project import Project, complete, frozen
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import train_now


def network(*between: str, unused: bool = False, still: bool = False) -> Project:
    """A small network with these layers in its middle, trained for a few steps."""
    graph, last = Graph({"data1": Node("data1", catalog["data"]())}), "data1"
    for id, op in (
        ("dense1", gate("dense", {"units": 4})),
        *((name, gate(name)) for name in between),
        ("act", gate("tanh")),
        ("dense2", gate("dense", {"units": 1})),
        ("sigmoid1", gate("sigmoid")),
    ):
        graph = add(graph, Node(id, op, {op.ports[0].name: (last,)}))
        last = id
    graph = add(graph, Node("loss1", catalog["binary_cross_entropy"](), {"prediction": (last,)}))
    if unused:
        graph = add(graph, Node("unused", gate("parameter", {"size": (3,)})))
    settings = Settings(seed=4, frozen=frozenset({"dense1"} if still else ()))
    whole = complete(Project(graph=graph, data=toys.make("xor"), training=settings))
    return runs.landed(whole, train_now(runs.job(whole, 5)))


def by_hand(reads: bool = True) -> Project:
    """A loss that is put together from gates, of a network that reads the data or does not."""
    graph = Graph({"answers": Node("answers", catalog["answers"]())})
    if reads:
        graph = add(graph, Node("data1", catalog["data"]()))
        graph = add(graph, Node("said", gate("dense", {"units": 1}), {"x": ("data1",)}))
    else:
        graph = add(graph, Node("said", gate("parameter", {"size": (1,)})))
    graph = add(graph, Node("off", gate("subtract"), {"a": ("said",), "b": ("answers",)}))
    graph = add(graph, Node("squared", gate("square"), {"x": ("off",)}))
    graph = add(graph, Node("loss", gate("mean"), {"x": ("squared",)}))
    return complete(Project(graph=graph, data=toys.make("xor"), training=Settings(seed=4)))


def typed() -> Project:
    """Typed values, compared with the right answers; no node reads the data's rows."""
    graph = Graph({"answers": Node("answers", catalog["answers"]())})
    graph = add(graph, Node("x", catalog["input"]()))
    graph = add(graph, Node("said", gate("dense", {"units": 1}), {"x": ("x",)}))
    graph = add(graph, Node("off", gate("subtract"), {"a": ("said",), "b": ("answers",)}))
    graph = add(graph, Node("squared", gate("square"), {"x": ("off",)}))
    graph = add(graph, Node("loss", gate("mean"), {"x": ("squared",)}))
    given = {"x.value": frozen([0.1, -0.2])}
    settings = Settings(seed=3, batch=16)
    return complete(Project(graph=graph, data=toys.make("xor"), given=given, training=settings))


CASES = {
    "a loss by hand": by_hand(),
    "typed": typed(),
    "no input": by_hand(reads=False),
    "unused": network(unused=True),
    "frozen": network(still=True),
    "dropout": network("dropout"),
    "batch_norm": network("batch_norm"),
}
RUN = ("numpy", "pytorch", "torchrun", "onnx", "keras", "c", "page")
WEIGHTS = ("npz", "safetensors", "json")
TOLD = ("report", "markdown", "dot", "mermaid", "tikz", "player", "losses")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_networks_are_what_they_are_called() -> None:
    assert "unused.value" in CASES["unused"].weights
    fresh = complete(replace(CASES["frozen"], weights={}))
    moved = {
        k for k, v in CASES["frozen"].weights.items() if not np.array_equal(v, fresh.weights[k])
    }
    assert moved == {"dense2.weight", "dense2.bias"}
    assert CASES["dropout"].graph["dropout"].op.settings["rate"] > 0
    assert np.any(CASES["batch_norm"].statistics["batch_norm.mean"] != 0.0)
    assert {"numpy", *RUN, *WEIGHTS, *TOLD, "pdf"} == set(formats.FORMATS)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.torch) if "torch" in n else n for n in RUN],
)
def test_what_runs_gives_the_same_numbers(case: str, name: str, tmp_path: Path) -> None:
    form = formats.FORMATS[name]
    if form.missing:
        pytest.skip(f"{form.missing} is not installed")
    path = formats.export(CASES[case], name, tmp_path / f"net{form.ending}")[0]
    found = formats.verify(CASES[case], name, path)
    assert found.passed, found
    if name in ("numpy", "onnx") or (name == "c" and shutil.which("cc")):
        assert not found.skipped


@pytest.mark.parametrize("case", ("a loss by hand", "no input", "typed"), indirect=True)
@pytest.mark.parametrize(
    "name", ["numpy", *(pytest.param(n, marks=pytest.mark.torch) for n in ("pytorch", "torchrun"))]
)
def test_a_script_without_rows_runs_and_trains(case: str, name: str, tmp_path: Path) -> None:
    if name != "numpy":
        pytest.importorskip("torch")
    path = formats.export(CASES[case], name, tmp_path / "net.py")[0]
    words = [sys.executable, str(path), *(["--train"] if name != "numpy" else [])]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert not done.returncode, done.stderr
    losses = [float(line.split()[-1]) for line in done.stdout.splitlines() if " loss " in line]
    assert losses == sorted(losses, reverse=True) and len(losses) == 10


@pytest.mark.parametrize("name", ("numpy", "onnx", "c", "page", "report"))
def test_what_only_computes_from_the_right_answers_predicts_nothing(name: str) -> None:
    graph = Graph({"answers": Node("answers", catalog["answers"]())})
    graph = add(graph, Node("mean1", gate("mean"), {"x": ("answers",)}))
    project = complete(Project(graph=graph, data=toys.make("xor")))
    with pytest.raises(StudioError, match="mean1 is computed from the right answers alone"):
        formats.made(project, name)


@pytest.mark.parametrize("name", ("numpy", "pytorch", "onnx", "keras", "c", "page", "report"))
def test_a_loss_that_judges_the_right_answers_is_refused(name: str) -> None:
    graph = Graph({"answers": Node("answers", catalog["answers"]())})
    graph = add(graph, Node("data1", catalog["data"]()))
    graph = add(graph, Node("dense1", gate("dense", {"units": 1}), {"x": ("data1",)}))
    graph = add(graph, Node("both", gate("add"), {"a": ("answers",), "b": ("dense1",)}))
    graph = add(graph, Node("loss1", catalog["squared_error"](), {"prediction": ("both",)}))
    project = complete(Project(graph=graph, data=toys.make("xor")))
    with pytest.raises(StudioError, match="both is computed from the right answers, which"):
        formats.made(project, name)


@pytest.mark.parametrize("name", ("c", "page", "numpy", "onnx"))
def test_an_answer_of_all_rows_together_is_no_function_of_one(name: str, tmp_path: Path) -> None:
    graph = Graph({"data1": Node("data1", catalog["data"]())})
    graph = add(graph, Node("mean1", gate("mean", {"axis": 0}), {"x": ("data1",)}))
    graph = add(graph, Node("off", gate("subtract"), {"a": ("data1",), "b": ("mean1",)}))
    project = complete(Project(graph=graph, data=toys.make("xor")))
    if name in ("c", "page"):
        with pytest.raises(StudioError, match="mean1 puts all rows together"):
            formats.made(project, name)
    elif not formats.FORMATS[name].missing:
        path = formats.export(project, name, tmp_path / "net")[0]
        assert formats.verify(project, name, path).passed


def test_the_functions_of_keras_get_tensors_and_no_variables() -> None:
    """JAX refuses a variable of Keras within `where` and others; products alone take one."""
    graph = Graph({"data1": Node("data1", catalog["data"]())})
    graph = add(graph, Node("own", gate("parameter", {"size": (2,)})))
    wires = {"condition": ("data1",), "then": ("data1",), "other": ("own",)}
    graph = add(graph, Node("where1", gate("where"), wires))
    graph = add(graph, Node("dense1", gate("dense", {"units": 2}), {"x": ("where1",)}))
    project = complete(Project(graph=graph, data=toys.make("xor")))
    script = ast.parse(formats.made(project, "keras").main.decode())
    taking = {
        ast.unparse(call.func)
        for call in ast.walk(script)
        if isinstance(call, ast.Call) and any(isinstance(a, ast.Attribute) for a in call.args)
    }
    assert taking == {"ops.convert_to_tensor", "ops.matmul"}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_have_every_array_and_the_lasting_state(
    case: str, name: str, tmp_path: Path
) -> None:
    form = formats.FORMATS[name]
    if form.missing:
        pytest.skip(f"{form.missing} is not installed")
    path = formats.export(CASES[case], name, tmp_path / f"net{form.ending}")[0]
    assert formats.verify(CASES[case], name, path).passed
    if name == "npz":
        names = {each.removesuffix(".npy") for each in zipfile.ZipFile(path).namelist()}
        assert names == {*CASES[case].weights, *CASES[case].statistics}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_looked_at_names_every_node(case: str, name: str) -> None:
    project = CASES[case]
    text = formats.made(project, name).main.decode()
    if name == "losses":
        assert len(text.splitlines()) == 1 + project.trained.steps
        return
    for node in project.graph.nodes.values():
        if name == "player" and node.id != "unused":
            continue  # what docks to a layer is drawn as part of it
        face = node.id if name != "player" else node.label
        assert face in text.replace("\\_", "_").replace("&#95;", "_"), (name, node.id)


def test_dropout_and_batch_norm_are_those_of_use_outside_training() -> None:
    """What predicts does not drop, and normalises by what was learned, in ONNX and in C."""
    drops = formats.made(CASES["dropout"], "c").main.decode()
    assert "rand" not in drops
    mean = CASES["batch_norm"].statistics["batch_norm.mean"]
    assert repr(float(mean[0])) in formats.made(CASES["batch_norm"], "c").main.decode()
    other = {**CASES["batch_norm"].statistics, "batch_norm.mean": frozen(mean + 1.0)}
    moved = replace(CASES["batch_norm"], statistics=other)
    assert formats.made(moved, "c").main != formats.made(CASES["batch_norm"], "c").main


@pytest.mark.torch
def test_a_frozen_node_stays_in_the_training_of_a_script(tmp_path: Path) -> None:
    script = formats.made(CASES["frozen"], "pytorch").main.decode()
    assert "requires_grad_(False)" in script
    assert "requires_grad_(False)" not in formats.made(CASES["unused"], "pytorch").main.decode()


def test_an_unused_parameter_is_in_the_weights_alone() -> None:
    arrays = np.load(io.BytesIO(formats.made(CASES["unused"], "npz").main), allow_pickle=False)
    assert arrays["unused.value"].shape == (3,)
    assert "unused.value" in json.loads(formats.made(CASES["unused"], "json").main)
