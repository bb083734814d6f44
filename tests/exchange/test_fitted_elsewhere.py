"""Models of scikit-learn and PyTorch through the lines that the studio shows: the same answers.

What the libraries answered lies in `fitted/models.json`, which `fitted/make.py` wrote with
scikit-learn 1.9.1 and PyTorch 2.15.0; where a library is installed it is asked anew.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.exchange import importing, layers_file
from bpstudio.project import runs

FOLDER = Path(__file__).parent / "fitted"
MODELS: dict[str, Any] = json.loads((FOLDER / "models.json").read_text("utf-8"))
NEEDS = {"MLP": "sklearn", "nn.": "torch"}


def away(model: dict[str, Any], folder: Path) -> float:
    """How far the network's answers are from those of the model that it was read from."""
    path = folder / "model.layers.json"
    path.write_text(json.dumps(model["document"]), "utf-8")
    network = importing.import_model(path).project
    wanted = np.array(model["answers"])
    found = runs.predict(network, np.array(model["rows"]))
    assert found.shape == wanted.shape
    return float(np.max(np.abs(found - wanted)) / max(1.0, float(np.abs(wanted).max())))


@cache
def made_here() -> dict[str, Any]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "models.json"
        words = [sys.executable, "-W", "ignore", str(FOLDER / "make.py")]
        words += [str(layers_file.__file__), str(out)]
        subprocess.run(words, check=True, timeout=280)
        found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found


def test_each_kind_of_model_is_there() -> None:
    kinds = [" ".join(name.split()[:2]) for name in MODELS]
    assert sum(kind.startswith("MLPClassifier") for kind in kinds) == 8
    assert sum(kind.startswith("MLPRegressor") for kind in kinds) == 8
    assert sum(kind.startswith("nn.Sequential") for kind in kinds) == 4


@pytest.mark.parametrize("name", MODELS)
def test_what_was_fitted_elsewhere_answers_the_same_here(name: str, tmp_path: Path) -> None:
    assert away(MODELS[name], tmp_path) < 1e-12


@pytest.mark.parametrize(
    "kind", ["MLPClassifier", "MLPRegressor", pytest.param("nn.", marks=pytest.mark.torch)]
)
def test_what_is_fitted_now_answers_the_same_here(kind: str, tmp_path: Path) -> None:
    library = NEEDS[kind[:3]]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    models = {name: model for name, model in made_here().items() if name.startswith(kind)}
    assert len(models) >= 4
    for name, model in models.items():
        assert away(model, tmp_path) < 1e-12, name
