"""A table read as a person chooses it: cells, roles, gaps, normalisation, and new rows like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bpstudio.data import columns
from bpstudio.data.cells import WrongCells
from bpstudio.data.choices import Choices, Role
from bpstudio.data.dataset import Column
from bpstudio.data.delimited import Layout
from bpstudio.data.new_rows import read_features
from bpstudio.data.tables import dataset, look, parse, read
from bpstudio.errors import FileError

PEOPLE = """name,age,city,height,kind
Kim,20,Seoul,1.7,a
Lee,,Busan,1.8,b
Park,40,,1.6,a
Choi,30,Seoul,1.5,b
"""


def test_a_look_says_how_it_is_cut_and_guesses_roles() -> None:
    seen = look("이름;나이\nkim;1,5\n".encode("cp949"), "t")
    assert seen.layout == Layout("cp949", ";", True)
    assert seen.names == ("이름", "나이")
    assert seen.rows == (("kim", "1,5"),)
    assert seen.roles == (Role("input", "category"), Role("target"))
    names = "".join(f"name{i},{i % 3},x{i % 2}\n" for i in range(60))
    roles = look(names.encode(), "t").roles
    assert [role.use for role in roles] == ["ignore", "input", "target"]


def test_the_layout_can_be_told() -> None:
    data = parse("1|2|a\n3|4|b\n", "t", Choices(Layout(None, "|", False)))
    assert data.features.tolist() == [[1, 2], [3, 4]]
    data = parse("1,2\n3,4\n5,6\n", "t", Choices(Layout(None, None, True)))
    assert data.feature_names == ("1",)
    assert len(data) == 2
    assert look("é,b\n1,2\n".encode("cp1252"), "t", Layout("cp1252")).names == ("é", "b")


def test_a_decimal_comma_between_quotes() -> None:
    assert parse('x,y\n"1,5",0\n2,1\n', "t", Choices(decimal=",")).features[:, 0].tolist() == [
        1.5,
        2,
    ]
    with pytest.raises(FileError, match=r'line 2, .* "1\.5" has another decimal mark'):
        parse("x;y\n1.5;0\n2;1\n", "t", Choices(decimal=","))


def test_categories_are_told_by_a_feature_each() -> None:
    data = parse("c,y\nred,1.5\ngreen,2.5\nblue,3.5\nred,4.5\n", "t")
    assert data.feature_names == ("c = blue", "c = green", "c = red")
    assert data.features.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert data.columns == (Column("c", ("blue", "green", "red")),)
    two = parse("c,y\nno,1.5\nyes,2.5\n", "t")
    assert two.feature_names == ("c = yes",)
    assert two.features.tolist() == [[0], [1]]


def test_numbers_can_be_categories_and_whole_numbers_values() -> None:
    roles = (Role("input", "category"), Role("target", "number"))
    data = parse("c,y\n1,0\n2,1\n3,0\n1,1\n", "t", Choices(roles=roles))
    assert data.feature_names == ("c = 1", "c = 2", "c = 3")
    assert not data.classification
    assert data.answers.tolist() == [[0], [1], [0], [1]]


def test_columns_can_be_left_out_and_several_learned() -> None:
    roles = (Role("ignore"), Role("target", "number"), Role("input", "number"), Role("target"))
    data = parse("n,a,b,c\nx,1,2,3.5\ny,4,5,6\n", "t", Choices(roles=roles))
    assert data.feature_names == ("b",)
    assert data.answers.tolist() == [[1, 3.5], [4, 6]]


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ((Role(), Role()), "needs a column of inputs and one to learn"),
        ((Role("target"), Role("target")), "needs a column of inputs"),
        ((Role(),), "has 2 columns, but 1 were expected"),
    ],
)
def test_roles_that_do_not_do(roles: tuple[Role, ...], reason: str) -> None:
    with pytest.raises(FileError, match=reason):
        parse("a,b\n1,2\n", "t", Choices(roles=roles))


def test_every_wrong_cell_is_named_by_its_line() -> None:
    with pytest.raises(WrongCells) as caught:
        parse("a,b,c\n1,2,3.5\nx,2,3\n1,,3\n1,2,inf\n", "t")
    assert [error.values["line"] for error in caught.value.cells] == [3, 4, 5]
    sentences = [str(error) for error in caught.value.cells]
    assert '"x" is not a number' in sentences[0]
    assert "column 2 (b): a number is missing" in sentences[1]
    assert '"inf" is not a finite number' in sentences[2]
    assert str(caught.value) == sentences[0]
    many = "a,b\n1.5,2.5\n" + "x,3\n" * 1000
    with pytest.raises(WrongCells) as caught:
        parse(many, "t")
    assert len(caught.value.cells) == 50


def chosen(gaps: str, **more: object) -> Choices:
    roles = (
        *(Role("ignore"), Role("input", "number"), Role("input", "category")),
        *(Role("input", "number"), Role("target")),
    )
    return Choices(roles=roles, gaps=gaps, **more)  # type: ignore[arg-type]


def test_gaps_are_refused_left_out_or_filled() -> None:
    with pytest.raises(FileError, match=r"line 3, column 2 \(age\): a number is missing"):
        parse(PEOPLE, "t", chosen("refuse"))
    left = parse(PEOPLE, "t", chosen("drop"))
    assert left.features.tolist() == [[20, 1, 1.7], [30, 1, 1.5]]
    filled = parse(PEOPLE, "t", chosen("fill"))
    assert filled.features.tolist() == [[20, 1, 1.7], [30, 0, 1.8], [40, 1, 1.6], [30, 1, 1.5]]
    assert [column.fill for column in filled.columns] == [30, "Seoul", pytest.approx(1.65)]


def test_what_is_to_be_learned_is_never_made_up() -> None:
    data = parse("x,y\n1,0.5\n2,\n,2.5\n", "t", Choices(gaps="fill"))
    assert data.answers.tolist() == [[0.5], [2.5]]
    assert data.features.tolist() == [[1], [1]]
    with pytest.raises(FileError, match="a missing cell in every row"):
        parse("x,y\n1,\n,2.5\n", "t", Choices(gaps="drop"))
    with pytest.raises(FileError, match="nothing to fill its gaps"):
        parse(
            "x,y\n,1.5\n,2.5\n",
            "t",
            Choices(gaps="fill", roles=(Role("input", "number"), Role("target"))),
        )


def test_normalised_by_the_rows_to_train_on_alone() -> None:
    rows = "".join(f"{i},{100 * i},{i / 8}\n" for i in range(20))
    data = parse("a,b,y\n" + rows, "t", Choices(normalise=True, seed=5))
    train = data.features[data.training_rows]
    assert train.mean(axis=0) == pytest.approx([0, 0])
    assert train.std(axis=0) == pytest.approx([1, 1])
    assert abs(data.features[data.test_rows].mean()) > 1e-3
    raw = columns.unscaled(data.features, data.columns)
    assert raw == pytest.approx(np.stack([np.arange(20), 100 * np.arange(20)], axis=1))
    assert parse("a,y\n7,1.5\n7,2.5\n", "t", Choices(normalise=True)).features.tolist() == [
        [0],
        [0],
    ]


def test_the_split_follows_its_share_and_seed() -> None:
    rows = "".join(f"{i},{i / 8}\n" for i in range(40))
    one, two = (parse(rows, "t", Choices(held_out=0.5, seed=seed)) for seed in (1, 2))
    assert len(one.test_rows) == len(two.test_rows) == 20
    assert not np.array_equal(one.held_out, two.held_out)


def test_new_rows_are_read_as_the_ones_that_were_learned(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    data = read(path, chosen("fill", normalise=True))
    assert read_features(path, data) == pytest.approx(data.features)
    new = tmp_path / "new.csv"
    new.write_text("city,height,age\nBusan,1.65,30\n,1.65,\n", encoding="utf-8")
    assert read_features(new, data) == pytest.approx(np.array([[0, 0, 0], [0, 1, 0]]), abs=1e-9)
    new.write_text("city,height,age\nParis,1.65,30\n", encoding="utf-8")
    with pytest.raises(FileError, match=r'line 2, column 1 \(city\): "Paris" was not among'):
        read_features(new, data)


def test_gaps_in_new_rows_are_wrong_where_none_were_filled(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("c,x\nred,\n", encoding="utf-8")
    data = parse("c,x,y\nred,1,0.5\nblue,2,1.5\ngreen,3,1.25\n", "t")
    with pytest.raises(FileError, match=r"line 2, column 2 \(x\): a number is missing"):
        read_features(path, data)


def test_whoever_is_told_how_far_it_is_can_end_it() -> None:
    text = "".join(f"{i},{i / 8}\n" for i in range(20_000))
    told: list[float] = []
    dataset(text.encode(), "t", "t", report=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert told[0] == 0  # not even its encoding is known
    assert any(0 < part < 1 for part in told)

    class Enough(Exception):
        pass

    for enough in range(1, len(told) + 1):
        heard: list[float] = []

        def report(done: float, heard: list[float] = heard, enough: int = enough) -> None:
            heard.append(done)
            if len(heard) == enough:
                raise Enough

        with pytest.raises(Enough):
            dataset(text.encode(), "t", "t", report=report)
        assert heard == told[:enough]


def test_text_after_whole_numbers_makes_them_classes() -> None:
    rows = "".join(f"{i},{i % 2}\n" for i in range(5000)) + "5000,other\n"
    assert parse(rows, "t").classes == ("0", "1", "other")
    with pytest.raises(FileError, match=r'line 5001, .* "other" is not a number'):
        parse("".join(f"{i},{i / 2}\n" for i in range(5000)) + "5000,other\n", "t")
