"""The models that PyTorch wrote and that come with ONNX: those of our operators answer the same."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from bpstudio.engine import run
from bpstudio.errors import StudioError
from bpstudio.exchange import onnx_import
from bpstudio.exchange.onnx_layers import RULES

onnx = pytest.importorskip("onnx")
FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data"
KINDS = ("pytorch-operator", "pytorch-converted")
pytestmark = pytest.mark.skipif(
    not all((FOLDER / kind).is_dir() for kind in KINDS), reason="onnx comes without its models here"
)


class Found(NamedTuple):
    """Of one model why it is not read, or else how far its outputs are from ONNX's."""

    reason: str
    away: float


def arrays(folder: Path, name: str) -> list[Any]:
    """The tensors of a test case in order."""
    found = []
    for place in range(len(list(folder.glob(f"{name}_*.pb")))):
        tensor = onnx.TensorProto.FromString((folder / f"{name}_{place}.pb").read_bytes())
        found.append(onnx.numpy_helper.to_array(tensor))
    return found


def read(folder: Path) -> Found:
    """Import a model and run it on the rows that come with it."""
    content = (folder / "model.onnx").read_bytes()
    model = onnx.ModelProto.FromString(content)
    cases = folder / "test_data_set_0"
    inputs, outputs = arrays(cases, "input"), arrays(cases, "output")
    try:
        imported = onnx_import.from_onnx(content)
    except StudioError as error:
        return Found(str(error), 0.0)
    if imported.not_understood:
        return Found(imported.not_understood[0].reason, 0.0)
    project = imported.project
    given = dict(project.given)
    constants = {each.name for each in model.graph.initializer}
    names = [info.name for info in model.graph.input if info.name not in constants]
    for name, array in zip(names, inputs, strict=True):
        laid = imported.inputs[name]
        given[onnx_import.key_of(laid)] = onnx_import.numbers_for(laid, array.astype(float))
    with np.errstate(all="ignore"):
        steps = run.forward(project.graph, given, project.weights, statistics=project.statistics)
        values = {step.node: step.output for step in steps}
    away = 0.0
    for info, wanted in zip(model.graph.output, outputs, strict=True):
        laid = imported.outputs[info.name]
        got = onnx_import.numbers_from(laid, values[laid.node])
        assert got.shape == wanted.shape, folder.name
        scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
        away = max(away, float(np.max(np.abs(got - wanted), initial=0.0)) / scale)
    return Found("", away)


@cache
def found() -> dict[str, Found]:
    """Every model of which each operator has a rule here."""
    told = {}
    with warnings.catch_warnings():
        # Some of these models are of versions that ONNX itself calls old.
        warnings.simplefilter("ignore", DeprecationWarning)
        for folder in sorted(each for kind in KINDS for each in (FOLDER / kind).iterdir()):
            model = onnx.ModelProto.FromString((folder / "model.onnx").read_bytes())
            if {node.op_type for node in model.graph.node} <= RULES.keys():
                told[folder.name] = read(folder)
    return told


def test_models_that_pytorch_wrote_answer_the_same() -> None:
    passed = {name: each.away for name, each in found().items() if not each.reason}
    assert {name: away for name, away in passed.items() if away > 2e-5} == {}
    assert len(passed) >= 59 or len(found()) < 104  # another version of onnx may bring fewer


def test_what_is_refused_says_why() -> None:
    for name, each in found().items():
        assert not each.reason or len(each.reason.split()) >= 4, name
