"""The kinds of models that are read, each in one line of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bpstudio.data.dataset import Dataset
from bpstudio.errors import FileError, StudioError, reason_of
from bpstudio.exchange import layers_file, onnx_import, playground, weights
from bpstudio.exchange.matching import with_any_weights
from bpstudio.exchange.names import remark
from bpstudio.exchange.onnx_import import Imported
from bpstudio.exchange.reading import content_of
from bpstudio.language import N_
from bpstudio.project.project import Project

Reader = Callable[[bytes, str, Dataset | None], Imported]


@dataclass(frozen=True)
class Source:
    """A kind of model: what people are told, the endings of its files, and how it is read."""

    title: str
    endings: tuple[str, ...]
    read: Reader


SOURCES: tuple[Source, ...] = (
    Source(N_("An ONNX model"), (".onnx",), onnx_import.from_onnx),
    Source(
        N_("Layers of PyTorch or scikit-learn"),
        (".json",),
        lambda content, title, data: Imported(layers_file.from_layers(content, title, data)),
    ),
)
OF_WEIGHTS = (".npz", ".safetensors")
"""Files of weights alone, which go into a network with the same layers."""
ENDINGS = (*(ending for source in SOURCES for ending in source.endings), *OF_WEIGHTS)


def import_model(
    model: str | Path, *, into: Project | None = None, data: Dataset | None = None
) -> Imported:
    """A model as a project: a file, or the address of a TensorFlow Playground.

    Weights alone go `into` a network with the same layers. `data` is what a network learns or is
    tried on; without it rows are made up. Raises FileError, one sentence, for what can't be read.
    """
    if playground.is_playground(str(model)):
        return Imported(playground.from_playground(str(model)))
    path = Path(model)
    ending = path.suffix.lower()
    if ending in OF_WEIGHTS or (ending == ".json" and into is not None):
        if into is None:
            raise FileError(
                N_("{file} holds weights alone. Name the network that they belong to."),
                file=path.name,
            )
        return Imported(with_any_weights(into, weights.load_weights(path)))
    source = next((each for each in SOURCES if ending in each.endings), None)
    if source is None:
        raise FileError(
            N_("{file} is no model that is read; these end with {endings}."),
            file=path.name,
            endings=", ".join(ENDINGS),
        )
    try:
        return source.read(content_of(path), remark(path.stem, 100), data)
    except OSError as error:
        why = reason_of(error)
    except StudioError as error:
        why = error
    raise FileError(N_("{file} can't be read: {reason}"), file=path.name, reason=why)
