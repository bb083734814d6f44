"""Models of other libraries with what they answer, made by the lines that the studio shows.

    python tests/exchange/fitted/make.py layers_file.py OUT.json

It is run by a Python that has scikit-learn, PyTorch or both, and needs nothing of the studio but
the file that holds the lines. Each model of the document has the rows that it was asked, its
answers and the layers that the lines wrote.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

ROWS = [[0.5, -1.0], [2.0, 0.25], [-1.5, 1.5], [0.0, 0.0], [-0.75, -2.0]]


def snippet(source: Path, name: str) -> str:
    """The lines, as that module has them."""
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            assert isinstance(node.value, ast.Constant)
            return str(node.value.value)
    raise LookupError(name)


def written(lines: str, model: Any) -> Any:
    """What the lines write of a model."""
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        try:
            Path("lines.py").write_text(lines, "utf-8")
            runpy.run_path("lines.py", {"model": model})
            return json.loads(Path("model.layers.json").read_text("utf-8"))
        finally:
            os.chdir(before)


def of_sklearn(lines: str) -> dict[str, Any]:
    """Fitted classifiers of two and of three classes, and regressors of one and of two numbers."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    rng = np.random.default_rng(5)
    rows = rng.normal(size=(60, 2))
    inside = (np.hypot(*rows.T) > 1.1).astype(int)
    sector = np.digitize(rows[:, 0] + rows[:, 1], [-0.7, 0.7])
    waves = np.stack([np.sin(rows[:, 0]), rows[:, 0] * rows[:, 1]], axis=1)
    asked, found = np.array(ROWS), {}
    settings: dict[str, Any] = {"max_iter": 150, "random_state": 2, "tol": 0.0}
    settings["hidden_layer_sizes"] = (5, 4)
    for activation in ("relu", "tanh", "logistic", "identity"):
        for name, answers in (("two", inside), ("three", sector)):
            model = MLPClassifier(activation=activation, **settings).fit(rows, answers)
            told = model.predict_proba(asked)
            told = told[:, 1:] if name == "two" else told
            found[f"MLPClassifier {name} {activation}"] = (model, told)
        for name, numbers in (("one", waves[:, 0]), ("both", waves)):
            model = MLPRegressor(activation=activation, **settings).fit(rows, numbers)
            told = model.predict(asked).reshape(len(asked), -1)
            found[f"MLPRegressor {name} {activation}"] = (model, told)
    return {
        name: {"rows": ROWS, "answers": told.tolist(), "document": written(lines, model)}
        for name, (model, told) in found.items()
    }


def of_torch(lines: str) -> dict[str, Any]:
    """Sequences of layers, some of them trained for a few steps."""
    import torch
    from torch import nn

    torch.manual_seed(3)
    torch.set_default_dtype(torch.float64)
    models = {
        "plain": nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid()),
        "normalised": nn.Sequential(
            nn.Linear(2, 5), nn.BatchNorm1d(5), nn.GELU(), nn.Dropout(0.4), nn.Linear(5, 3)
        ),
        "odd": nn.Sequential(
            *(nn.Flatten(), nn.Linear(2, 3, bias=False), nn.LayerNorm(3), nn.ELU(0.7)),
            *(nn.Linear(3, 4), nn.LeakyReLU(0.2), nn.Identity(), nn.Linear(4, 3)),
            *(nn.SiLU(), nn.Linear(3, 3), nn.Softmax(dim=-1)),
        ),
        "soft": nn.Sequential(
            nn.Linear(2, 3), nn.Softplus(), nn.Linear(3, 3), nn.Hardsigmoid(), nn.Tanh()
        ),
    }
    rows, found = torch.tensor(ROWS), {}
    for name, model in models.items():
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(20):
            optimizer.zero_grad()
            (model(rows) ** 2 - rows[:, :1]).square().mean().backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            told = model(rows)
        found[f"nn.Sequential {name}"] = {
            "rows": ROWS,
            "answers": told.tolist(),
            "document": written(lines, model),
        }
    return found


if __name__ == "__main__":
    source, out = map(Path, sys.argv[1:])
    made: dict[str, Any] = {}
    if importlib.util.find_spec("sklearn"):
        made |= of_sklearn(snippet(source, "SKLEARN"))
    if importlib.util.find_spec("torch"):
        made |= of_torch(snippet(source, "TORCH"))
    out.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
