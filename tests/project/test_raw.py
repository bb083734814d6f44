"""Normalised data: kept in the file, and done by the network itself where it is used elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bpstudio.data.choices import Choices
from bpstudio.data.dataset import Dataset
from bpstudio.data.new_rows import read_features
from bpstudio.data.tables import parse
from bpstudio.data.toys import make
from bpstudio.errors import FileError
from bpstudio.exchange import formats
from bpstudio.project import build, file
from bpstudio.project.raw import reading_raw
from bpstudio.project.runs import predict

TABLE = "size,colour,kind\n" + "".join(
    f"{100 + 7 * i},{('red', 'green', 'blue')[i % 3]},{'ab'[i % 2]}\n" for i in range(30)
)


@pytest.fixture
def data() -> Dataset:
    return parse(TABLE, "t", Choices(normalise=True, gaps="fill"))


def test_a_network_that_reads_the_table_as_it_stands(data: Dataset) -> None:
    project = build.network(data, (4, 3, 1))
    raw = reading_raw(project)
    assert raw.data is not None
    assert raw.data.features[:3, 0] == pytest.approx([100, 107, 114])
    assert predict(raw, raw.data.features) == pytest.approx(predict(project, data.features))
    assert reading_raw(raw) is raw
    assert set(raw.weights) - set(project.weights) == {"parameter1.value", "parameter2.value"}
    assert raw.training.frozen == {"parameter1", "parameter2"}


def test_what_is_not_normalised_stays_as_it_is() -> None:
    project = build.network(make("moons"), (2, 3, 1))
    assert reading_raw(project) is project


@pytest.mark.parametrize("format", ["numpy", "onnx"])
def test_an_export_normalises_by_itself(data: Dataset, format: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    project = build.network(data, (4, 3, 1))
    form = formats.format_of(format)
    path = tmp_path / f"net{form.ending}"
    formats.export(project, format, path)
    found = formats.verify(project, format, path)
    assert found.passed or found.skipped, found


def test_the_columns_are_kept_in_the_file(data: Dataset, tmp_path: Path) -> None:
    project = build.network(data, (4, 3, 1))
    again = file.from_bytes(file.to_bytes(project))
    assert again.data is not None
    assert again.data.columns == data.columns
    rows = tmp_path / "rows.csv"
    rows.write_text("size,colour\n100,red\n,\n", encoding="utf-8")
    assert read_features(rows, again.data)[0] == pytest.approx(data.features[0])


def test_columns_that_do_not_fit_are_refused(data: Dataset) -> None:
    plain = parse("a,b,y\n1,2,0.5\n3,4,1.5\n", "t")
    project = build.network(replace(plain, columns=data.columns), (2, 3, 1))
    with pytest.raises(FileError, match="its columns give 4 features, but there are 2"):
        file.from_bytes(file.to_bytes(project))
    unknown = replace(data.columns[1], fill="pink")
    project = build.network(replace(data, columns=(data.columns[0], unknown)), (4, 3, 1))
    with pytest.raises(FileError, match="'pink' can't fill the gaps of its column colour"):
        file.from_bytes(file.to_bytes(project))
