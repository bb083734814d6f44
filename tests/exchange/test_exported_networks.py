"""Whole networks exported, run in their own runtimes, and compared."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data import toys
from bpstudio.data.dataset import Dataset
from bpstudio.engine.formula import build as build_formula
from bpstudio.engine.graph import Graph, Node
from bpstudio.engine.op import Op, catalog
from bpstudio.engine.optimizers import AdamW, Momentum
from bpstudio.exchange import formats, numpy_code, onnx_model, torch_code, torch_names
from bpstudio.exchange.program import program
from bpstudio.exchange.verify import difference
from bpstudio.project import build, edits, runs
from bpstudio.project.project import Project, complete
from bpstudio.training.schedules import Cosine, Step
from bpstudio.training.settings import Settings
from bpstudio.training.trainer import train_now

SCRIPTS = ("numpy", "pytorch", "onnx")


def gate(name: str, **settings: object) -> Op:
    return catalog[name](**settings)


def node(id: str, op: str, title: str = "", /, **sources: str) -> Node:
    return Node(id, catalog[op](), {port: (source,) for port, source in sources.items()}, title)


def network(*nodes: Node, **given: float) -> Project:
    graph = Graph({each.id: each for each in nodes})
    typed = {f"{name}.value": np.asarray(value) for name, value in given.items()}
    return complete(Project(graph=graph, given=typed, training=Settings(seed=3)))


def formula(text: str, **values: float) -> Project:
    return build.from_formula(build_formula(text, values))


def shared_weight() -> Project:
    """A parameter that two gates share, another that nothing reads, and data for both."""
    nodes = [
        node("data1", "data"),
        Node("w", gate("parameter", size=(2, 2))),
        Node("unused", gate("parameter", size=(3,))),
        node("hidden", "matmul", "Hidden", a="data1", b="w"),
        node("act", "tanh", x="hidden"),
        node("again", "matmul", a="act", b="w"),
        node("both", "add", a="again", b="hidden"),
        Node("dense1", gate("dense", units=1), {"x": ("both",)}),
        node("monitor", "mean", x="act"),
        node("loss1", "squared_error", prediction="dense1"),
    ]
    return complete(Project(graph=Graph({n.id: n for n in nodes}), data=toys.make("xor")))


def autoencoder() -> Project:
    """Its target is its own input, so that the loss has no target of the data set."""
    nodes = [
        node("data1", "data"),
        Node("dense1", gate("dense", units=3), {"x": ("data1",)}),
        node("softmax1", "softmax", x="dense1"),
        Node("dense2", gate("dense", units=2), {"x": ("softmax1",)}),
        node("loss1", "squared_error", prediction="dense2", target="data1"),
    ]
    return complete(Project(graph=Graph({n.id: n for n in nodes}), data=toys.make("moons")))


def typed_beside_data() -> Project:
    """Rows of data scaled by a number that a person typed; means over rows and over the batch."""
    nodes = [
        node("data1", "data"),
        node("gain", "input"),
        node("scaled", "multiply", a="data1", b="gain"),
        Node("dense1", gate("dense", units=2), {"x": ("scaled",)}),
        Node("centre", gate("mean", axis=0), {"x": ("dense1",)}),
        node("centred", "subtract", a="dense1", b="centre"),
        Node("sum1", gate("sum", axis=-1), {"x": ("centred",)}),
        node("square1", "square", x="sum1"),
        node("mean1", "mean", x="square1"),
    ]
    graph = Graph({n.id: n for n in nodes})
    given = {"gain.value": np.asarray([0.5, -2.0])}
    return complete(Project(graph=graph, given=given, data=toys.make("xor")))


def penalised() -> Project:
    settings = Settings(
        optimizer=Momentum(), batch=32, l2=0.01, frozen=frozenset({"dense1"}), seed=5
    )
    project = build.network(toys.make("circles"), (2, 6, 6, 1), activation="relu", seed=5)
    return replace(project, training=settings)


def regularised(**settings: Any) -> Project:
    """Gates that do something else while training, on rows and on pictures of 2 × 1."""
    chain = [
        gate("dense", units=8),
        gate("batch_norm"),
        gate("prelu"),
        gate("reshape", size=(2, 2, 2)),
        gate("conv2d", units=6, size=1),
        gate("batch_norm", momentum=0.2),
        gate("flatten"),
        gate("dropout", rate=0.2),
        gate("dense", units=2),
    ]
    nodes = [node("data1", "data")]
    for place, op in enumerate(chain):
        nodes.append(Node(f"n{place}", op, {"x": (nodes[-1].id,)}))
    nodes.append(node("loss1", "cross_entropy", prediction=nodes[-1].id))
    graph = Graph({n.id: n for n in nodes})
    training = Settings(optimizer=AdamW(), batch=16, **settings)
    project = Project(graph=graph, data=toys.make("moons", points=64), training=training)
    # Statistics and weights as training leaves them, not as they start.
    return runs.landed(complete(project), train_now(runs.job(complete(project), 20)))


NETWORKS = {
    "regularised": regularised(
        l1=1e-3, l2=1e-3, clip_norm=1.0, clip_value=0.5, schedule=Cosine(steps=400, floor=0.1)
    ),
    "stepped": regularised(schedule=Step(every=50)),
    "xor": build.network(toys.make("xor"), (2, 4, 1)),
    "softmax": build.network(toys.make("blobs"), (2, 8, 2)),
    "regression": build.network(toys.make("sine"), (1, 9, 1)),
    "product": formula("f = (x + y)·z", x=-2, y=5, z=-4),
    "neuron": formula("f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", w0=2, x0=-1, w1=-3, x1=-2, w2=-3),
    "staged": formula("(x + sigmoid(y)) / (sigmoid(x) + (x + y)^2)", x=3, y=-4),
    "fork": formula("(q + a)·(q + b) + max(q, a)·q + q/b", q=-6.0, a=2, b=-3),
    "one": formula("x", x=1.5),
    "constants": formula("x ^ 2 / 4 + sqrt(2)", x=3),
    "shared": shared_weight(),
    "autoencoder": autoencoder(),
    "typed": typed_beside_data(),
    "penalised": penalised(),
}


@pytest.mark.parametrize(
    "format", ["numpy", pytest.param("pytorch", marks=pytest.mark.torch), "onnx"]
)
def test_networks_compute_the_same_elsewhere(format: str, tmp_path: Path) -> None:
    if format == "onnx":
        pytest.importorskip("onnxruntime")
    exports = []
    for name, project in NETWORKS.items():
        path = tmp_path / f"{name}{formats.FORMATS[format].ending}"
        formats.export(project, format, path)
        exports.append((project, format, path))
    found = dict(zip(NETWORKS, formats.verify_many(exports), strict=True))
    assert {name: each for name, each in found.items() if not each.passed or each.skipped} == {}


@pytest.mark.parametrize("format", SCRIPTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_project_gives_the_same_bytes(name: str, format: str) -> None:
    form = formats.FORMATS[format]
    if form.missing:
        pytest.skip(f"{form.missing} not installed")
    assert form.write(NETWORKS[name]) == form.write(replace(NETWORKS[name], places={}))


def test_a_sink_that_the_loss_does_not_need_is_left_out() -> None:
    script = numpy_code.write(program(shared_weight())).main.decode()
    assert "monitor" not in script
    assert "unused" not in script
    assert "# Hidden" in script


def test_a_shared_weight_gets_the_sum_of_its_gradients() -> None:
    script = numpy_code.write(program(shared_weight())).main.decode()
    assert "d_w = d_w + d_w_more  # a fork: gradients add up" in script


def test_small_networks_stand_in_one_file_and_large_ones_in_two(tmp_path: Path) -> None:
    for format in ("numpy", "pytorch"):
        assert formats.export(NETWORKS["xor"], format, tmp_path / "a.py") == [tmp_path / "a.py"]
        files = formats.export(NETWORKS["softmax"], format, tmp_path / "b.py")
        assert files == [tmp_path / "b.py", tmp_path / "b_arrays.npz"]


def test_the_numpy_script_trains_when_it_is_run(tmp_path: Path) -> None:
    formats.export(NETWORKS["softmax"], "numpy", tmp_path / "net.py")
    ended = subprocess.run(
        [sys.executable, "-W", "error", "net.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    losses = [float(line.split()[-1]) for line in ended.stdout.splitlines() if "step" in line]
    assert len(losses) == numpy_code.STEPS
    assert losses[-1] < losses[0]
    assert ended.stderr == ""


def test_the_numpy_script_of_a_formula_shows_its_gradients(tmp_path: Path) -> None:
    formats.export(NETWORKS["product"], "numpy", tmp_path / "f.py")
    ended = subprocess.run(
        [sys.executable, "f.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines() == [
        "forward: -12.0",
        "gradient of x = -4.0",
        "gradient of y = -4.0",
        "gradient of z = 3.0",
    ]


def test_the_numpy_script_leaves_alone_what_is_frozen() -> None:
    script = numpy_code.write(program(NETWORKS["penalised"])).main.decode()
    assert 'name not in ["dense1.weight", "dense1.bias"]' in script


@pytest.mark.torch
def test_the_torch_script_trains_what_is_not_frozen(tmp_path: Path) -> None:
    formats.export(NETWORKS["penalised"], "pytorch", tmp_path / "net.py")
    code = (
        "import runpy; space = runpy.run_path('net.py'); network = space['load']();"
        "before = [w.clone() for w in network.parameters()];"
        "first = network(space['ROWS'], space['TARGET']).item();"
        "space['train'](network, epochs=30);"
        "last = network(space['ROWS'], space['TARGET']).item();"
        "print(first, last, *[bool((a == b).all())"
        " for a, b in zip(before, network.parameters())])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    first, last, *same = ended.stdout.split()
    assert float(last) < float(first)
    assert same == ["True", "True", "False", "False", "False", "False"]
    script = (tmp_path / "net.py").read_text()
    assert "torch.optim.SGD(weights, lr=0.1, momentum=0.9)" in script
    assert (
        '"params": [network.dense2.weight, network.dense3.weight], "weight_decay": 0.01' in script
    )


@pytest.mark.torch
@pytest.mark.parametrize("name", ["regularised", "stepped"])
def test_the_torch_script_trains_as_the_settings_say(name: str, tmp_path: Path) -> None:
    formats.export(NETWORKS[name], "pytorch", tmp_path / "net.py")
    code = (
        "import runpy; space = runpy.run_path('net.py'); network = space['load']();"
        "first = network(space['ROWS'], space['TARGET']).item();"
        "mean = network.n1_mean.clone();"
        "space['train'](network, epochs=40);"
        "last = network(space['ROWS'], space['TARGET']).item();"
        "print(first, last, network.training, bool((mean == network.n1_mean).all()))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    first, last, training, same = ended.stdout.split()
    assert float(last) < float(first)
    assert (training, same) == ("False", "False")
    script = (tmp_path / "net.py").read_text()
    assert "nn.functional.dropout(n6, 0.2, self.training)" in script
    assert ("clip_grad_norm_" in script and "math.cos" in script) == (name == "regularised")


@pytest.mark.torch
def test_torch_calls_nothing_by_a_name_that_a_node_may_have() -> None:
    torch = pytest.importorskip("torch")
    own = {name for name in dir(torch.nn.Module()) if not name.startswith("_")}
    assert own <= set(torch_names.MODULE_ATTRIBUTES)


def test_the_torch_script_uses_the_modules_of_torch() -> None:
    script = torch_code.write(program(NETWORKS["xor"])).main.decode()
    assert "self.dense1 = nn.Linear(2, 4)" in script
    assert "nn.functional.binary_cross_entropy(sigmoid1, target)" in script


def test_the_onnx_model_has_a_batch_of_any_size_and_an_old_enough_version() -> None:
    pytest.importorskip("onnx")
    model = onnx_model.model(program(NETWORKS["xor"]))
    assert model.ir_version == onnx_model.IR_VERSION
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 17)]
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert (shape[0].dim_param, shape[1].dim_value) == ("batch", 2)
    assert [each.op_type for each in model.graph.node] == ["Gemm", "Tanh", "Gemm", "Sigmoid"]
    reference = importlib.import_module("onnx.reference").ReferenceEvaluator(model)
    for rows in (1, 3, 50):
        assert reference.run(None, {"rows": np.ones((rows, 2), np.float32)})[0].shape == (rows, 1)


def test_the_onnx_model_predicts_and_has_no_loss() -> None:
    pytest.importorskip("onnx")
    model = onnx_model.model(program(NETWORKS["softmax"]))
    assert [each.op_type for each in model.graph.node] == ["Gemm", "Tanh", "Gemm", "Softmax"]


def test_onnx_in_float64_runs_too() -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    told = program(NETWORKS["softmax"])
    model = onnx_model.model(told, np.float64)
    session = runtime.InferenceSession(model.SerializeToString())
    rows = told.arguments["data1.rows"][:7]
    answers = session.run(None, {"rows": rows})[0]
    weights = told.project.weights
    hidden = np.tanh(rows @ weights["dense1.weight"] + weights["dense1.bias"])
    raised = np.exp(hidden @ weights["dense2.weight"] + weights["dense2.bias"])
    assert difference(answers, raised / raised.sum(axis=1, keepdims=True)) < 1e-14


@pytest.mark.parametrize(
    "format", ["numpy", pytest.param("pytorch", marks=pytest.mark.torch), "onnx"]
)
def test_scores_beyond_the_range_of_exp_stay_numbers(format: str, tmp_path: Path) -> None:
    """A softmax spelled out as its formula would give nan here."""
    if formats.FORMATS[format].missing:
        pytest.skip("not installed")
    project = NETWORKS["softmax"]
    large = {key: value * 5000 for key, value in project.weights.items()}
    project = replace(project, weights=large)
    formats.export(project, format, tmp_path / "net")
    found = formats.verify(project, format, tmp_path / "net")
    assert found.passed and not found.skipped, found


@pytest.mark.parametrize("output", ["sigmoid", ""])
def test_a_cross_entropy_of_what_is_no_probability_runs_in_torch(
    output: str, tmp_path: Path
) -> None:
    """PyTorch's own function raises for such numbers."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    far = Dataset("far", rng.normal(size=(12, 2)), 3 * rng.normal(size=(12, 1)))
    project = build.network(far, (2, 3, 1), output="sigmoid", loss="binary_cross_entropy")
    if not output:
        project = edits.connect(project, "dense2", "loss1", "prediction")
    path = formats.export(project, "pytorch", tmp_path / "m.py")[0]
    assert "nn.functional.binary_cross_entropy" not in path.read_text("utf-8")
    if output:
        assert formats.verify(project, "pytorch", path).passed


def test_a_cross_entropy_of_probabilities_is_torchs_own(tmp_path: Path) -> None:
    project = build.network(toys.make("xor"), (2, 3, 1))
    path = formats.export(project, "pytorch", tmp_path / "m.py")[0]
    assert "nn.functional.binary_cross_entropy(" in path.read_text("utf-8")
