"""Runs exported models in a process of its own, which knows nothing of the studio.

`python runner.py jobs.json` runs each job of the list and writes what came out beside it: a file
of arrays, or the reason why there is none. It needs the standard library, NumPy, and for a job
what its model needs. It is started from a copy in an empty folder, so that only what is installed
can be imported.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import math
import os
import platform
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def run_numpy(job: dict[str, Any], inputs: list[Any], targets: list[Any]) -> dict[str, Any]:
    """A NumPy script: its answer, its output (the loss, where it has one) and its gradients."""
    script = runpy.run_path(job["path"])
    answer = script["predict" if job["rows"] else "f"](*inputs)
    graph = script["ComputationalGraph"]()
    output = graph.forward(*inputs, *targets)
    gradients = {f"gradient:{name}": g for name, g in graph.backward().items()}
    return {"answer": answer, "output": output, **gradients}


def run_pytorch(job: dict[str, Any], inputs: list[Any], targets: list[Any]) -> dict[str, Any]:
    """A PyTorch script in float64: its answer, its output and autograd's gradients."""
    import torch

    script = runpy.run_path(job["path"])
    network = script["load"]()
    for weight in network.parameters():
        weight.requires_grad_(True)
    tensors = [torch.tensor(value, dtype=torch.float64) for value in inputs]
    with torch.no_grad():
        output = network(*tensors)
    answer = getattr(network, "prediction", output)
    found: dict[str, Any] = {"answer": answer.detach().numpy()}
    for tensor in tensors:
        tensor.requires_grad_(not job["rows"])
    wanted = [torch.tensor(value, dtype=torch.float64) for value in targets]
    output = network(*tensors, *wanted)
    found["output"] = output.detach().numpy()
    if output.requires_grad:
        output.sum().backward()
    named = [*network.named_parameters(), *zip(job["inputs"], tensors, strict=True)]
    for name, tensor in named:
        if tensor.grad is not None:
            found[f"gradient:{name}"] = tensor.grad.numpy()
    return found


def run_onnx(job: dict[str, Any], inputs: list[Any], targets: list[Any]) -> dict[str, Any]:
    """An ONNX model by ONNX Runtime and by the reference that comes with ONNX itself."""
    found = {}
    for name, load in (("reference", _by_reference), ("answer", _by_onnxruntime)):
        with contextlib.suppress(ImportError):
            found[name] = load(job, inputs)
    if not found:
        raise ImportError("onnxruntime")
    found.setdefault("answer", found.get("reference"))
    return found


def run_keras(job: dict[str, Any], inputs: list[Any], targets: list[Any]) -> dict[str, Any]:
    """A Keras script in float64, with the backend that is there."""
    os.environ.setdefault("JAX_ENABLE_X64", "1")  # JAX computes in float32 unless it is told
    if "KERAS_BACKEND" not in os.environ:
        for library in ("tensorflow", "jax", "torch"):
            if importlib.util.find_spec(library):
                os.environ["KERAS_BACKEND"] = library
                break
        else:
            os.environ["KERAS_BACKEND"] = "numpy"
    script = runpy.run_path(job["path"])
    return {"answer": script["predict"](*inputs)}


def _by_reference(job: dict[str, Any], inputs: list[Any]) -> Any:
    from onnx.reference import ReferenceEvaluator

    model: Any = ReferenceEvaluator(job["path"])
    return model.run(None, _feed(model.input_names, inputs))[0]


def _by_onnxruntime(job: dict[str, Any], inputs: list[Any]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = onnxruntime.InferenceSession(job["path"], options, providers=["CPUExecutionProvider"])
    return model.run(None, _feed([each.name for each in model.get_inputs()], inputs))[0]


def _feed(names: list[str], inputs: list[Any]) -> dict[str, Any]:
    return {name: np.asarray(v, np.float32) for name, v in zip(names, inputs, strict=True)}


JAVASCRIPT = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
MAIN = """
#include <stdio.h>
#include "model.h"
int main(void) {
    double input[NETWORK_INPUTS + 1], output[NETWORK_OUTPUTS];
    for (;;) {
        for (int i = 0; i < NETWORK_INPUTS; i++) if (scanf("%lf", input + i) != 1) return 0;
        predict(input, output);
        for (int i = 0; i < NETWORK_OUTPUTS; i++) printf("%.17g ", output[i]);
        printf("\\n");
        if (!NETWORK_INPUTS) return 0;
    }
}
"""
PAGE = """
const fs = require("fs"), vm = require("vm");
const page = fs.readFileSync(process.argv[1], "utf8");
const script = page.match(/<script id="model">([\\s\\S]*?)<\\/script>/)[1];
const number = (key, v) => (typeof v === "string" ? Number(v) : v);
const rows = JSON.parse(fs.readFileSync(0, "utf8"), number);
const found = vm.runInNewContext(script + ";network.predict");
for (const row of rows) console.log(Array.from(found(row)).join(" "));
"""


def run_c(job: dict[str, Any], inputs: list[Any], targets: list[Any]) -> dict[str, Any]:
    """A C header, compiled with what compiler there is, on one row after the other."""
    compiler = _compiler()
    if compiler is None:
        raise ImportError(name="cc")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.h").write_bytes(Path(job["path"]).read_bytes())
        (folder / "main.c").write_text(MAIN)
        words = [compiler, "-std=c99", "-O1", "-Wall", "-Werror", "main.c", "-o", "main", "-lm"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise ValueError(done.stderr.strip().splitlines()[-1])
        text = "\n".join(" ".join(map(repr, row)) for row in _flat(job, inputs))
        done = subprocess.run([str(folder / "main")], input=text, capture_output=True, text=True)
    return {"answer": _answers(done.stdout)}


def _compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def run_page(job: dict[str, Any], inputs: list[Any], targets: list[Any]) -> dict[str, Any]:
    """The script of a page, in Node."""
    node = shutil.which("node")
    if node is None:
        raise ImportError(name="Node.js")
    rows = [
        [v if math.isfinite(v) else JAVASCRIPT[repr(v)] for v in row] for row in _flat(job, inputs)
    ]
    words = [node, "-e", PAGE, job["path"]]
    done = subprocess.run(words, input=json.dumps(rows), capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr.strip().splitlines()[-1])
    return {"answer": _answers(done.stdout)}


def _flat(job: dict[str, Any], inputs: list[Any]) -> list[list[float]]:
    """The rows that a function of one row takes; typed values are one."""
    if job["rows"]:
        rows: list[list[float]] = np.reshape(inputs[0], (len(inputs[0]), -1)).tolist()
        return rows
    return [[float(v) for each in inputs for v in np.ravel(each)]]


def _answers(text: str) -> Any:
    words = [line.split() for line in text.splitlines()]
    numbers = {"NaN": "nan", "-nan": "nan", "Infinity": "inf", "-Infinity": "-inf"}
    return [[float(numbers.get(word, word)) for word in line] for line in words]


LIBRARIES = {
    "pytorch": ["torch"],
    "torchrun": ["torch"],
    "onnx": ["onnx", "onnxruntime"],
    "keras": ["keras"],
}


OTHERS: dict[str, Callable[[], str | None]] = {"c": _compiler, "page": lambda: shutil.which("node")}
"""What runs without Python, and the program that does it."""


def versions(kind: str) -> str:
    """What the job of that kind ran in."""
    if kind in OTHERS:
        program = OTHERS[kind]()
        words = [program or kind, "--version"]
        said = subprocess.run(words, capture_output=True, text=True).stdout.strip().split("\n")[0]
        return f"Node.js {said}" if kind == "page" else said or str(program)
    parts = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    for name in LIBRARIES.get(kind, []):
        if name in sys.modules:
            parts.append(f"{name} {sys.modules[name].__version__}")
    return ", ".join(parts)


RUNS = {
    "numpy": run_numpy,
    "pytorch": run_pytorch,
    "torchrun": run_pytorch,
    "onnx": run_onnx,
    "keras": run_keras,
    "c": run_c,
    "page": run_page,
}


def run(job: dict[str, Any]) -> dict[str, str]:
    """One job: writes its arrays, and says what it ran in, what is missing or what went wrong."""
    with np.load(job["given"]) as given:
        inputs = [given[f"input{i}"] for i in range(len(job["inputs"]))]
        targets = [given[f"target{i}"] for i in range(job["targets"])]
    try:
        # What a script prints is not for us.
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            found = RUNS[job["kind"]](job, inputs, targets)
    except ImportError as error:
        return {"missing": error.name or str(error)}
    except Exception as error:  # whatever a wrong export raises is told to the person
        return {"error": f"{type(error).__name__}: {error}"}
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in found.items()}
    np.savez(job["found"], allow_pickle=False, **arrays)
    return {"runtime": versions(job["kind"])}


def main(path: str) -> None:
    """All jobs of a file; the answers are written beside it as `done.json`."""
    jobs = json.loads(Path(path).read_text("utf-8"))
    done = [run(job) for job in jobs]
    Path(path).with_name("done.json").write_text(json.dumps(done), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
