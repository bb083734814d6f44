"""Tables are read right, or refused in one sentence that says where."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from bpstudio.data.dataset import Dataset
from bpstudio.data.delimited import is_table, sniff_delimiter
from bpstudio.data.new_rows import read_features
from bpstudio.data.tables import parse, read
from bpstudio.errors import FileError


def written(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_header_features_and_classes(tmp_path: Path) -> None:
    data = read(written(tmp_path, "키,몸무게,종류\n1,2.5,고양이\n3,4,개\n5,6,고양이\n"))
    assert data.name == "table"
    assert data.feature_names == ("키", "몸무게")
    assert data.features.tolist() == [[1, 2.5], [3, 4], [5, 6]]
    assert data.classes == ("개", "고양이")
    assert data.answers.tolist() == [1, 0, 1]


def test_without_a_header_the_columns_are_numbered() -> None:
    data = parse("1,2,yes\n3,4,no\n", "pasted")
    assert data.feature_names == ("x1", "x2")
    assert len(data) == 2


def test_values_to_learn() -> None:
    data = parse("x,y\n1,0.5\n2,0.25\n3,1\n", "t")
    assert not data.classification
    assert data.answers.tolist() == [[0.5], [0.25], [1]]


def test_few_whole_numbers_that_repeat_are_classes() -> None:
    data = parse("a,b,out\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n", "t")
    assert data.classes == ("0", "1")
    assert data.answers.tolist() == [0, 1, 1, 0]
    assert parse("x,s\n1,-1\n2,1\n3,-1\n4,1\n", "t").classes == ("-1", "1")
    ten = "\n".join(f"{i},{i % 10}.0" for i in range(40))
    assert parse(ten, "t").classes == tuple("0123456789")


def test_whole_numbers_that_do_not_repeat_are_values() -> None:
    assert not parse("x,y\n1,10\n2,20\n3,30\n", "t").classification


def test_another_column_can_be_the_target(tmp_path: Path) -> None:
    path = written(tmp_path, "kind,x,z\na,1,2\nb,3,4\n")
    data = read(path, target="kind")
    assert data.feature_names == ("x", "z")
    assert data.classes == ("a", "b")
    with pytest.raises(FileError, match=r"no column called y.*kind, x, z"):
        read(path, target="y")


def test_ten_rows_and_more_are_split_and_fewer_are_not() -> None:
    rows = "".join(f"{i},{i / 8}\n" for i in range(20))
    assert len(parse(rows, "t").test_rows) == 4
    assert len(parse(rows[:20], "t").test_rows) == 0


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("x,y\n1,2\n", ","),
        ("x;y\n1;2\n", ";"),
        ("x\ty\n1\t2\n", "\t"),
        ("x;y\n1,5;2,5\n3,5;4,5\n", ";"),
        ("x\ty\n1,5\t2\n", "\t"),
        ("1,5;2,5;0\n3,5;4,5;1\n", ";"),
        ('x,label\n1,"a;b"\n2,c;d\n', ","),
        ("x,y\n1,2\n1,2,3\n", ","),
        ("one\ntwo\n", ","),
    ],
)
def test_the_delimiter_is_found(text: str, delimiter: str) -> None:
    assert sniff_delimiter(text) == delimiter


@pytest.mark.parametrize(
    "text",
    ["a\tb\n1\t2,5\n", "1\t2\n3\t4", "x,y\n1,2\n", "x;y\r\n1,5;2,5\r\n", '"a\nb"\tc\n1\t2\n'],
)
def test_cells_are_told_from_a_formula(text: str) -> None:
    assert is_table(text)


@pytest.mark.parametrize(
    "text",
    ["", "x*y + z", "max(x, y)", "max(x, 1)\n+ max(y, 2)", "x*y\n+ z", "a\tb", '{"a": 1,\n"b": 2}'],
)
def test_a_formula_is_no_table(text: str) -> None:
    assert not is_table(text)


RIGHT: dict[str, bytes] = {
    "plain": b"x,y\n1.5,2.25\n-3,4\n",
    "byte order mark": b"\xef\xbb\xbfx,y\n1.5,2.25\n-3,4\n",
    "semicolons and decimal commas": b"x;y\n1,5;2,25\n-3;4\n",
    "tabs and decimal commas": b"x\ty\n1,5\t2,25\n-3\t4\n",
    "tabs": b"x\ty\n1.5\t2.25\n-3\t4\n",
    "utf-16 from Excel": "x\ty\r\n1.5\t2.25\r\n-3\t4\r\n".encode("utf-16"),
    "sep line from Excel": b"sep=;\r\nx;y\r\n1,5;2,25\r\n-3;4\r\n",
    "windows line ends": b"x,y\r\n1.5,2.25\r\n-3,4\r\n",
    "old mac line ends": b"x,y\r1.5,2.25\r-3,4",
    "no last line end": b"x,y\n1.5,2.25\n-3,4",
    "blank lines": b"\n\nx,y\n\n1.5,2.25\n,\n-3,4\n\n",
    "spaces": b"x , y\n 1.5 , 2.25\n -3, 4 \n",
    "quotes": b'"x","y"\n"1.5","2.25"\n"-3",4\n',
    "empty last column": b"x,y,\n1.5,2.25,\n-3,4,\n",
    "a comma too many at the end": b"x,y\n1.5,2.25,\n-3,4\n",
    "exponents": b"x,y\n15e-1,2.25E0\n-3.,+4\n",
    "a line inside a quoted name": b'"x","y"\n1.5,2.25\n-3,4\n',
}


@pytest.mark.parametrize("content", RIGHT.values(), ids=RIGHT)
def test_hostile_but_right(tmp_path: Path, content: bytes) -> None:
    data = read(written(tmp_path, content))
    assert data.feature_names == ("x",)
    assert data.features.tolist() == [[1.5], [-3]]
    assert data.answers.tolist() == [[2.25], [4]]


def test_korean_excel_writes_cp949(tmp_path: Path) -> None:
    data = read(written(tmp_path, "꽃잎,종류\n1,붓꽃\n2,장미\n".encode("cp949")))
    assert data.feature_names == ("꽃잎",)
    assert data.classes == ("붓꽃", "장미")


def test_the_name_of_a_file_is_composed(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "한글.csv")
    data = read(written(tmp_path, "1,a\n2,b\n", decomposed))
    assert data.name == "한글"


def test_ten_thousand_columns() -> None:
    row = ",".join(str(i) for i in range(10_000))
    data = parse(f"{row},a\n{row},b\n", "wide")
    assert data.features.shape == (2, 10_000)
    header = ",".join(["n"] * 10_001)
    assert len(set(parse(f"{header}\n{row},a\n{row},b\n", "wide").feature_names)) == 10_000


def test_one_row_and_a_constant_column() -> None:
    assert parse("x,y\n1,0.5\n", "t").features.tolist() == [[1]]
    data = parse("x,z,y\n1,7,0.5\n2,7,0.25\n", "t")
    assert data.features[:, 1].tolist() == [7, 7]


def test_a_long_quoted_cell_may_go_over_lines() -> None:
    data = parse('x,kind\n1,"two\nlines"\n2,one\n', "t")
    assert data.classes == ("one", "two\nlines")


def test_more_rows_than_one_block() -> None:
    rows = 10_000
    data = parse("\n".join(f"{i};{i},5" for i in range(rows)), "t", held_out=0)
    assert np.array_equal(data.features[:, 0], np.arange(rows))
    assert np.array_equal(data.answers[:, 0], np.arange(rows) + 0.5)


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "only a mark": (b"\xef\xbb\xbf", "is empty"),
    "only blank lines": (b"\n \n,,\n", "is empty"),
    "only a header": (b"x,y\n", "no rows"),
    "one column": (b"x\n1\n2\n", "one column only"),
    "a field of 200,000 characters": (b"x,y\n1,2\n1," + b"a" * 200_000, "line 3: a cell has more"),
    "a NUL": (b"x,y\n1,2\n1,\x002\n", "line 3: a character U.0000"),
    "too few cells": (b"x,y\n1,2\n1\n", "line 3: there are 1 cells"),
    "too many cells": (b"x,y\n1,2\n1,2,3\n", "line 3: there are 3 cells"),
    "a missing number": (b"x,y\n1,2\n,2.5\n", r"line 3, column 1 \(x\): a number is missing"),
    "a missing answer": (b"x,y\n1,2.5\n3,\n", r"line 3, column 2 \(y\): a number is missing"),
    "a missing class": (b"x,y\n1,a\n3,\n4,b\n", r"line 3, column 2 \(y\): the cell is empty"),
    "not available": (b"x,y\n1,2\nNA,2.5\n", r"line 3, column 1 \(x\): a number is missing"),
    "nan": (b"x,y\n1,2\nnan,2.5\n", r"line 3, column 1 \(x\): a number is missing"),
    "inf": (b"x,y\n1,2\n-inf,2.5\n", r'line 3, column 1 \(x\): "-inf" is not a finite'),
    "1e999": (b"x,y\n1,2\n2,1e999\n", r'line 3, column 2 \(y\): "1e999" is not a finite'),
    "a text among inputs": (b"x,y\n1,2\nred,2.5\n", r'line 3, column 1 \(x\): "red" is not a num'),
    "a text among values": (b"x,y\n1,2.5\n2,red\n", r'line 3, column 2 \(y\): "red" is not a num'),
    "a text in the first row": (b"red,2,0\n1,2,3\n", 'line 1, column 1: "red" is not a number'),
    "an underscore": (b"x,y\n1,2\n1_0,2.5\n", 'line 3, .* "1_0" is not a number'),
    "a formula": (b"x,y\n1,2\n=1+1,2.5\n", 'line 3, .* "=1.1" is not a number'),
    "a command": (b"x,y\n1,2\n=cmd|' /C calc'!A0,2.5\n", "line 3, .* is not a number"),
    "thousands": (b'x,y\n1,2\n"1,234",2.5\n', 'line 3, .* "1,234" is not a number'),
    "two decimal marks": (b"x;y\n1,5;2\n1.5;3\n", 'line 3, .* "1.5" has another decimal mark'),
    "an unclosed quote": (b'x,y\n1,2\n"1,2\n3,4\n', "line 3: a quote is opened"),
    "an unclosed quote in the header": (b'x,"y\n1,2\n', "line 1: a quote is opened"),
    "text after a quote": (b'x,y\n1,2\n"1"5,2\n', "line 3: after a closing quote"),
    "after a cell of two lines": (b'x,y,k\n1,2,"a\nb"\n1,,c\n', r"line 4, column 2 \(y\)"),
    "an xlsx": (b"PK\x03\x04\x14\x00", "workbook"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "line [12]: "),
    "no encoding": (b"x,y\n1,2\n\xff\xff,3\n", "line 3: this is not text"),
    "one class": (b"x,y\n1,a\n2,a\n", "one class only"),
    "an endless name": (b"x," + b"n" * 300 + b"\n1,2\n", "line 1: the name"),
    "an endless class": (b"x,y\n1,a\n2," + b"n" * 300 + b"\n", "line 3: the name"),
    "too many columns": (b",".join([b"1"] * 20_000), "20000 columns"),
    "a web page": (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "one column only"),
    "a large-file pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
        "one column only",
    ),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_hostile_and_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(FileError, match=reason) as caught:
        read(written(tmp_path, content))
    sentence = str(caught.value)
    assert sentence.startswith("table.csv")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300


def test_too_many_different_texts() -> None:
    with pytest.raises(FileError, match="more than 1000 different texts"):
        parse("\n".join(f"{i},name{i}" for i in range(1001)), "t")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none\.csv can't be read"):
        read(tmp_path / "none.csv")
    with pytest.raises(FileError, match="can't be read"):
        read(tmp_path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(FileError, match=r"large\.csv is larger than 256 MiB"):
        read(path)


def test_the_limit_of_the_csv_module_stays_as_it_was() -> None:
    before = csv.field_size_limit()
    with pytest.raises(FileError):
        parse("x,y\n1," + "a" * 200_000, "t")
    assert csv.field_size_limit() == before


def learned(*names: str) -> Dataset:
    """A set whose features are called so."""
    return Dataset("t", np.zeros((2, len(names))), np.array([0, 1]), ("a", "b"), names)


def test_inputs_to_predict_for(tmp_path: Path) -> None:
    two = learned("x1", "x2")
    plain = written(tmp_path, "1,2\n3,4\n")
    assert read_features(plain, two).tolist() == [[1, 2], [3, 4]]
    named = written(tmp_path, "kind,x2,x1\na,2,1\n?,4,3\n", "named.csv")
    assert read_features(named, two).tolist() == [[1, 2], [3, 4]]
    one = written(tmp_path, "0.5\n0.25\n", "one.csv")
    assert read_features(one, learned("x")).tolist() == [[0.5], [0.25]]
    assert read_features(plain).tolist() == [[1, 2], [3, 4]]


def test_inputs_that_do_not_fit(tmp_path: Path) -> None:
    path = written(tmp_path, "1,2,3\n4,5,6\n")
    with pytest.raises(FileError, match="has 3 columns, but the network takes 2: x1, x2"):
        read_features(path, learned("x1", "x2"))
    path = written(tmp_path, "1,2\nred,6\n")
    with pytest.raises(FileError, match="line 2, column 1"):
        read_features(path, learned("x1", "x2"))
