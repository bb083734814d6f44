"""Weights alone, as files of NumPy, safetensors or JSON, and back into a network.

Keys are those of the project, `dense1.weight`. Nothing in such a file is run: sizes are compared
with what is there before memory is taken, and only numbers are let in.
"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bpstudio.engine.op import Array
from bpstudio.errors import FileError, StudioError, reason_of
from bpstudio.exchange import text
from bpstudio.exchange.reading import MOST_BYTES, content_of
from bpstudio.language import N_
from bpstudio.project.container import array_of
from bpstudio.project.project import Project, complete, frozen

MOST_ARRAYS = 4096

NOT_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
"""How JSON has the floats that it has no numbers for."""


def to_npz(arrays: Mapping[str, Array]) -> bytes:
    """The arrays as a file that `numpy.load` reads."""
    return text.npz(arrays)


def to_safetensors(arrays: Mapping[str, Array]) -> bytes:
    """The arrays as a safetensors file."""
    from safetensors.numpy import save

    plain = {key: np.array(value, order="C") for key, value in arrays.items()}
    return bytes(save(plain, metadata={"format": "np"}))


def to_json(arrays: Mapping[str, Array]) -> bytes:
    """The arrays as nested lists; what is no number stands as "nan", "inf" or "-inf"."""
    lists = {key: _plain(value.tolist()) for key, value in arrays.items()}
    lines = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in lists.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def load_weights(path: str | Path, ending: str = "") -> dict[str, Array]:
    """The arrays of a file written by one of the functions above, by key.

    The ending, that of the file unless given, says what it is: .npz, .safetensors or .json. Raises
    FileError, one sentence, for a file that can't be read or is not what its ending says.
    """
    path = Path(path)
    reader = READERS.get(ending or path.suffix.lower())
    if reader is None:
        raise FileError(
            N_("{file} is no file of weights; these end with {endings}."),
            file=path.name,
            endings=", ".join(READERS),
        )
    try:
        arrays = reader(content_of(path))
        if any(array.dtype.kind not in "fiub" for array in arrays.values()):
            raise StudioError(N_("It holds something else than numbers."))
        return arrays
    except OSError as error:
        raise _cannot_read(path, reason_of(error)) from None
    except _BROKEN as error:
        raise _cannot_read(path, error) from None


def with_weights(project: Project, arrays: Mapping[str, Array]) -> Project:
    """The project with these weights and lasting state in place of its own.

    Raises FileError where a key is missing, unknown, or of another shape.
    """
    whole = complete(project)
    wanted = {**whole.weights, **whole.statistics}
    missing = [key for key in wanted if key not in arrays]
    unknown = [key for key in arrays if key not in wanted]
    if missing or unknown:
        raise FileError(
            N_(
                "The weights belong to another network: {missing} missing, {unknown} unknown. "
                "Open the project that they were saved from."
            ),
            missing=_some(missing),
            unknown=_some(unknown),
        )
    for key, array in arrays.items():
        if array.shape != wanted[key].shape:
            raise FileError(
                N_(
                    "{key} has the shape {have} in the file, but {wanted} in the network. "
                    "Change the number of units, or open the project it was saved from."
                ),
                nodes=(key.partition(".")[0],),
                key=key,
                have=array.shape,
                wanted=wanted[key].shape,
            )
    return replace(
        whole,
        weights={key: frozen(arrays[key]) for key in whole.weights},
        statistics={key: frozen(arrays[key]) for key in whole.statistics},
    )


def _read_npz(content: bytes) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > MOST_ARRAYS or sum(m.file_size for m in members) > MOST_BYTES:
            raise StudioError(N_("It holds too much to be weights."))
        for member in members:
            with archive.open(member) as opened:
                # One byte more than is claimed shows a false claim.
                inner = opened.read(member.file_size + 1)
            if len(inner) != member.file_size:
                raise StudioError(N_("An entry is longer than it claims."))
            arrays[member.filename.removesuffix(".npy")] = array_of(member.filename, inner)
    return arrays


def _read_safetensors(content: bytes) -> dict[str, Array]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load
    except ImportError:
        raise StudioError(N_("Reading it needs the library safetensors.")) from None
    try:
        return dict(load(content))
    except (SafetensorError, KeyError) as error:
        raise ValueError(str(error)) from None


def _read_json(content: bytes) -> dict[str, Array]:
    document = json.loads(content, parse_constant=_no_constant)
    if not isinstance(document, dict):
        raise StudioError(N_("It should hold an object of arrays by name."))
    return {
        str(key): np.array(_numbers(value), dtype=np.float64) for key, value in document.items()
    }


READERS: Mapping[str, Callable[[bytes], dict[str, Array]]] = {
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".json": _read_json,
}

_BROKEN = (
    StudioError,
    ValueError,
    KeyError,
    RecursionError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def _cannot_read(path: Path, reason: object) -> FileError:
    return FileError(N_("{file} can't be read as weights: {reason}"), file=path.name, reason=reason)


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _plain(value: Any) -> Any:
    """Nested lists with texts for what JSON has no numbers for."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    if isinstance(value, str):
        return NOT_NUMBERS[value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(repr(value)[:40])


def _some(keys: list[str]) -> str:
    shown = ", ".join(keys[:3])
    return f"{shown}, …" if len(keys) > 3 else shown or "-"
