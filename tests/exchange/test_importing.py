"""Models from other tools: each kind is read, computes the same, and is refused with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.cli import main
from bpstudio.data import toys
from bpstudio.engine import run
from bpstudio.engine.graph import Graph, Node, add, new_id
from bpstudio.errors import StudioError
from bpstudio.exchange import formats, importing, layers_file, onnx_import, onnx_model, weights
from bpstudio.exchange.matching import with_any_weights
from bpstudio.exchange.program import program
from bpstudio.project import build, file, runs
from bpstudio.project.gates import gate
from bpstudio.project.project import Project, arguments, complete

NETWORK = build.network(toys.make("moons", points=40), (2, 5, 3, 1), activation="relu")


def digits() -> Project:
    """A network of pictures."""
    graph = Graph()
    last = ""
    for op in (
        gate("data"),
        gate("reshape", {"size": (8, 8, 1)}),
        gate("conv2d", {"units": 3, "size": 3, "padding": 1}),
        gate("relu"),
        gate("max_pool2d"),
        gate("batch_norm"),
        gate("flatten"),
        gate("dense", {"units": 10}),
        gate("softmax"),
    ):
        id = new_id(graph, op.name)
        graph = add(graph, Node(id, op, {op.ports[0].name: (last,)} if last else {}))
        last = id
    return complete(Project(graph=graph, data=toys.make("digits")))


def in_onnx(project: Project) -> bytes:
    pytest.importorskip("onnx")
    return bytes(onnx_model.model(program(project), np.float64).SerializeToString())


def same(one: Project, two: Project) -> float:
    assert one.data is not None
    rows = one.data.features[:20]
    return float(np.max(np.abs(runs.predict(one, rows) - runs.predict(two, rows))))


@pytest.mark.parametrize("make", [lambda: NETWORK, digits], ids=["dense", "pictures"])
def test_an_exported_model_comes_back(make: Any) -> None:
    project = make()
    found = onnx_import.from_onnx(in_onnx(project), data=project.data)
    assert found.not_understood == ()
    assert same(project, found.project) < 1e-12
    assert file.from_bytes(file.to_bytes(found.project)).graph == found.project.graph


def test_without_data_rows_are_made_up_and_answered() -> None:
    found = onnx_import.from_onnx(in_onnx(NETWORK)).project
    assert found.data is not None
    assert np.array_equal(found.data.answers, runs.predict(found, found.data.features))


def test_what_is_not_understood_is_listed_and_stands_inert() -> None:
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Relu", ["x"], ["a"]),
            helper.make_node("Det", ["a"], ["b"], "odd one"),
            helper.make_node("Neg", ["b"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", floats, [2, 2])],
        [helper.make_tensor_value_info("y", floats, [])],
    )
    found = onnx_import.from_onnx(helper.make_model(graph).SerializeToString())
    assert [(each.name, each.kind) for each in found.not_understood] == [("odd one", "Det")]
    nodes = found.project.graph.nodes
    assert [node.op.category for node in nodes.values()].count("missing") == 1
    again = file.from_bytes(file.to_bytes(found.project))
    assert again.graph.structure == found.project.graph.structure
    with pytest.raises(StudioError):
        list(run.forward(again.graph, arguments(again), again.weights))


def refusals() -> dict[str, Any]:
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper

    def model(**parts: Any) -> Any:
        made = onnx.ModelProto.FromString(in_onnx(NETWORK))
        for name, value in parts.items():
            target = made.graph.initializer[0] if name != "domain" else made.graph.node[0]
            setattr(target, name, value)
        return made

    outside = model(data_location=onnx.TensorProto.EXTERNAL)
    functions = model()
    functions.functions.append(helper.make_function("d", "F", ["x"], ["y"], [], []))
    huge = model()
    huge.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 10**12
    forged = model()
    forged.graph.initializer[0].dims[0] = 2**40
    return {
        "another file": outside,
        "of the domain": model(domain="com.example"),
        "functions of its own": functions,
        "too large": huge,
        "can't be": forged,
        "no ONNX model": b"PK\3\4 hello",
        "no network": b"",
    }


@pytest.mark.parametrize(
    "reason",
    [
        *("another file", "of the domain", "functions of its own", "too large", "can't be"),
        *("no ONNX model", "no network"),
    ],
)
def test_what_is_refused_as_a_whole(reason: str) -> None:
    made = refusals()[reason]
    content = made if isinstance(made, bytes) else made.SerializeToString()
    with pytest.raises(StudioError, match=reason):
        onnx_import.from_onnx(content)


def test_weights_go_into_a_network_that_has_the_same_layers(tmp_path: Path) -> None:
    other = build.network(toys.make("moons", points=40), (2, 5, 3, 1), activation="relu", seed=9)
    for format in ("npz", "json"):
        path = formats.export(NETWORK, format, tmp_path / f"w.{format}")[0]
        found = importing.import_model(path, into=other)
        assert same(NETWORK, found.project) == 0.0
    turned = {
        f"net.{2 * place}.{name}": NETWORK.weights[f"dense{place + 1}.{name}"].T
        for place in range(3)
        for name in ("weight", "bias")
    }
    assert same(NETWORK, with_any_weights(other, turned)) == 0.0
    with pytest.raises(StudioError, match="2 layers"):
        with_any_weights(other, dict(list(turned.items())[:4]))
    with pytest.raises(StudioError, match="weights alone"):
        importing.import_model(tmp_path / "w.npz")
    assert weights.load_weights(tmp_path / "w.npz")


def test_the_playground_s_address() -> None:
    address = (
        "https://playground.tensorflow.org/#activation=relu&batchSize=10&dataset=circle"
        "&learningRate=0.03&regularizationRate=0.001&regularization=L2&noise=5&networkShape=4,2"
        "&seed=0.52&percTrainData=70&x=true&y=false&xTimesY=true&xSquared=true&sinY=true"
        "&problem=classification"
    )
    found = importing.import_model(address).project
    assert found.data is not None and found.data.recipe["name"] == "circles"
    assert found.training.l2 == 0.001
    assert found.training.batch == 10
    assert [n.op.settings["units"] for n in found.graph.nodes.values() if n.op.name == "dense"] == [
        *(4, 2, 1)
    ]
    x, y = found.data.features[:3].T
    fed = next(node for node in found.graph.nodes if node.startswith("concatenate"))
    values = {
        step.node: step.output
        for step in run.forward(found.graph, arguments(found, np.arange(3)), found.weights)
    }
    assert np.array_equal(values[fed], np.stack([x, x**2, x * y, np.sin(y)], axis=1))


@pytest.mark.parametrize(
    "part",
    ["networkShape=4,x", "dataset=cats", "activation=step", "learningRate=nan", "x=false&y=false"],
)
def test_an_odd_address_is_refused(part: str) -> None:
    with pytest.raises(StudioError):
        importing.import_model(f"https://playground.tensorflow.org/#{part}")


TORCH_MODEL = """
import torch
from torch import nn
torch.manual_seed(3)
model = nn.Sequential(
    nn.Linear(2, 4), nn.BatchNorm1d(4), nn.LeakyReLU(0.2), nn.Dropout(0.3), nn.Linear(4, 4),
    nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 2, bias=False), nn.Softmax(dim=-1),
).double()
model[1].running_mean[:] = torch.tensor([0.1, 0.2, -0.3, 0.4])
"""
TORCH_ANSWER = """
import json
model.eval()
with torch.no_grad():
    answer = model(torch.tensor([[0.5, -1.0], [2.0, 0.25]], dtype=torch.float64))
json.dump(answer.tolist(), open("answer.json", "w"))
"""


@pytest.mark.torch
def test_the_lines_for_pytorch_write_what_is_read(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    script = TORCH_MODEL + layers_file.TORCH.partition('"""\n')[2] + TORCH_ANSWER
    (tmp_path / "model.py").write_text(script)
    subprocess.run([sys.executable, "model.py"], cwd=tmp_path, check=True, timeout=300)
    found = importing.import_model(tmp_path / "model.layers.json").project
    answer = runs.predict(found, np.array([[0.5, -1.0], [2.0, 0.25]]))
    wanted = np.array(json.loads((tmp_path / "answer.json").read_text()))
    assert np.max(np.abs(answer - wanted)) < 1e-12


def test_the_lines_for_scikit_learn_write_what_is_read(tmp_path: Path) -> None:
    """Run on what a fitted MLPClassifier has: its arrays and the names of its activations."""
    script = (
        "import numpy as np\n"
        "class Model: pass\n"
        "model = Model()\n"
        "model.coefs_ = [np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([[2.0], [-1.0]])]\n"
        "model.intercepts_ = [np.array([0.1, 0.2]), np.array([0.3])]\n"
        "model.activation, model.out_activation_ = 'relu', 'logistic'\n"
    )
    (tmp_path / "model.py").write_text(script + layers_file.SKLEARN)
    subprocess.run([sys.executable, "model.py"], cwd=tmp_path, check=True, timeout=100)
    found = importing.import_model(tmp_path / "model.layers.json").project
    answer = runs.predict(found, np.array([[1.0, 2.0]]))
    hidden = max(1 + 1 + 0.1, 0) * 2 + max(-2 + 6 + 0.2, 0) * -1 + 0.3
    assert abs(answer.item() - 1 / (1 + np.exp(-hidden))) < 1e-15


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b'{"format": "bpstudio layers", "layers": []}',
        b'{"format": "bpstudio layers", "layers": [{"gate": "LSTM"}]}',
        b'{"format": "bpstudio layers", "layers": [{"gate": "dense", "weight": [[1]], "bias": 2}]}',
        b'{"format": "bpstudio layers", "layers": [{"gate": "dense", "weight": [[1e999]]}]}',
        b'{"format": "bpstudio layers", "layers": [{"gate": "data"}]}',
    ],
)
def test_odd_layers_are_refused(content: bytes) -> None:
    with pytest.raises(StudioError):
        layers_file.from_layers(content)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.onnx").write_bytes(in_onnx(NETWORK))
    out = tmp_path / "p.bps"
    assert main(["import", str(tmp_path / "m.onnx"), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["not_understood"] == [] and told["parameters"] == 37
    assert same(NETWORK, file.load(out)) < 1e-12
    assert main(["import", str(tmp_path / "no.onnx"), "--out", str(out)]) == 2
    assert main(["import", str(tmp_path / "m.txt"), "--out", str(out)]) == 2
    assert main(["import", "--snippet", "PyTorch"]) == 0
    assert "nn.Linear" in capsys.readouterr().out


SIGNALLING = b"\x01\x00\xa0\x7f"
"""A NaN of float32 of which a processor complains when it is made another type."""


def test_a_nan_that_signals_is_read_as_any_other() -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.ModelProto()
    model.ParseFromString(onnx_model.model(program(NETWORK)).SerializeToString())
    tensor = model.graph.initializer[0]
    tensor.raw_data = SIGNALLING + tensor.raw_data[4:]
    found = onnx_import.from_onnx(model.SerializeToString(), "model", None).project
    assert sum(int(np.isnan(array).sum()) for array in found.weights.values()) == 1
