"""The command line: what each command prints, and how it refuses."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpstudio.cli import main
from bpstudio.cli.answer import Answer, plain, table

SIGMOID = "1/(1+exp(-(w0*x0+w1*x1+w2)))"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def data(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    status, out, err = run(capsys, *words, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


@pytest.fixture
def xor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    path = str(tmp_path / "최민혁 xor.bps")
    made = data(capsys, "new", "--data", "xor", "--layers", "2,4,1", "--out", path)
    assert made["parameters"] == 17
    return path


def test_formula_of_the_lecture(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("formula", SIGMOID, "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3")
    found = data(capsys, *words)
    assert found["output"] == pytest.approx(0.7310585786300049, rel=1e-12)
    gradients = {name: variable["gradient"] for name, variable in found["variables"].items()}
    expected = {
        "w0": -0.19661193324148188,
        "x0": 0.39322386648296376,
        "w1": -0.39322386648296376,
        "x1": -0.5898357997244457,
        "w2": 0.19661193324148188,
    }
    assert gradients == pytest.approx(expected, rel=1e-12)
    status, out, _ = run(capsys, *words)
    assert status == 0
    for number in ("0.7310585786", "-0.1966119332", "0.3932238665", "-0.5898357997"):
        assert number in out


def test_contributions_sum_to_the_gradient_at_a_fork(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "formula", "(x+y)*x", "x=-2", "y=5")
    x = next(node for node in found["nodes"] if node["id"] == "x")
    assert sorted(c["gradient"] for c in x["contributions"]) == [-2.0, 3.0]
    assert x["gradient"] == 1.0


def test_a_formula_may_start_with_a_minus_sign(capsys: pytest.CaptureFixture[str]) -> None:
    assert data(capsys, "formula", "-x^2", "x=3")["output"] == -9.0
    assert data(capsys, "formula", "-3")["output"] == -3.0


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (".5", 0.5),
        ("0,5", 0.5),
        ("+2", 2.0),
        ("3.", 3.0),
        ("−2", -2.0),
        ("１", 1.0),
        ("[1, 2]", [1.0, 2.0]),
    ],
)
def test_values_are_taken_as_people_type_them(
    typed: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data(capsys, "formula", "x", f"x={typed}")["output"] == value


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("formula", "x*y", "x=1"), "y"),
        (("formula", "x*", "x=1"), "position 2"),
        (("formula", "log(x)", "x=-1"), "log1 (Log) gives nan for x = -1"),
        (("formula", "x", "x"), "x gives no value"),
        (("formula", "x", "x="), "x= gives no value"),
        (("formula", "x", "x=1_0"), "x=1_0 gives no value"),
        (("formula", "x", "x=1,0,5"), "x=1,0,5 gives no value"),
        (("formula", "x", "x=nan"), "x=nan gives no value"),
        (("formula", "x", "x=[1, nan]"), "gives no value"),
        (("formula",), "required"),
        (("train", "no-such-file.bps"), "no-such-file.bps"),
        (("new", "--data", "xor", "--layers", "3,1", "--out", "p.bps"), "Begin with 2"),
        (("new", "--data", "nowhere", "--layers", "2,1", "--out", "p.bps"), "nowhere"),
        (
            ("new", "--data", "xor", "--layers", "2,1", "--activation", "zap", "--out", "p.bps"),
            "zap",
        ),
        (("new", "--data", "xor", "--layers", "2,x", "--out", "p.bps"), "--layers"),
        (
            ("new", "--data", "xor", "--layers", "2,4,", "--out", "p.bps"),
            "no list of sizes such as",
        ),
        (("new", "--data", "xor", "--layers", "2,-4,1", "--out", "p.bps"), "each from 1"),
        (("new", "--data", "moons", "--layers", "2,1", "--noise", "x", "--out", "p"), "no number"),
        (("train", "p.bps", "--steps", "1e3"), "no whole number"),
        (("render", "p.bps", "--size", "640", "--out", "p.png"), "no size such as 800x600"),
        (("formula", "x", "x=1", "x=2"), "x has two values"),
        (("fly",), "no command called fly"),
        (("export", "--to", "onnx"), "P.bps"),
    ],
)
def test_bad_input_is_one_sentence(
    words: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_train_leaves_the_file_alone_and_keeps_a_copy(
    xor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(xor).read_bytes()
    copy = str(tmp_path / "trained.bps")
    found = data(capsys, "train", xor, "--steps", "2000", "--out", copy)
    assert Path(xor).read_bytes() == before
    assert found["steps"] == len(found["losses"]) == 2000
    assert found["loss_first"] == found["losses"][0] > 0.5
    assert found["loss_last"] == found["losses"][-1] < 0.02
    assert found["accuracy"] == 1.0
    (tmp_path / "x.csv").write_text("x1,x2\n0,0\n0,1\n1,0\n1,1\n", encoding="utf-8")
    status, out, _ = run(capsys, "predict", copy, "--input", str(tmp_path / "x.csv"))
    assert status == 0
    outputs = [float(row["y1"]) for row in csv.DictReader(io.StringIO(out))]
    assert [round(output) for output in outputs] == [0, 1, 1, 0]


def test_a_seed_redraws_the_weights_and_gives_the_same_losses_again(
    xor: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, again, other = (
        data(capsys, "train", xor, "--steps", "50", "--seed", seed)["losses"]
        for seed in ("7", "7", "8")
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("network", [("sine", "1,4,1"), ("xor", "2,4,1")])
def test_a_huge_learning_rate_is_named_and_loses_nothing(
    network: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "p.bps")
    words = ("new", "--data", network[0], "--layers", network[1], "--optimizer", "sgd")
    assert main([*words, "--learning-rate", "1e6", "--out", path]) == 0
    before = Path(path).read_bytes()
    capsys.readouterr()
    status, _, err = run(capsys, "train", path, "--steps", "500", "--out", path)
    assert status in (1, 2)
    assert "learning rate" in err
    assert err.count("\n") == 1
    assert Path(path).read_bytes() == before


def test_check_passes_and_counts(xor: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "check", xor)
    assert found["passed"] is True
    assert found["max_relative_error"] < 1e-6
    assert (found["parameters"], found["forward_passes"]) == (17, 34)


@pytest.mark.parametrize("form", ["numpy", "onnx", "npz", "safetensors"])
def test_export_is_verified(
    form: str, xor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "model")
    found = data(capsys, "export", xor, "--to", form, "--out", out, "--verify")
    assert found["max_difference"] < 1e-5
    assert all(Path(path).exists() for path in found["files"])


def test_an_export_that_was_not_run_has_no_difference(
    xor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = data(capsys, "export", xor, "--to", "npz", "--out", str(tmp_path / "x.npz"))
    assert found["max_difference"] is None


def test_export_lists_its_formats(capsys: pytest.CaptureFixture[str]) -> None:
    formats = data(capsys, "export", "--list")["formats"]
    assert {"numpy", "pytorch", "onnx", "npz", "safetensors"} <= set(formats)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "gif"])
def test_render(ending: str, xor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / f"picture.{ending}"
    found = data(capsys, "render", xor, "--out", str(out), "--size", "640x400")
    assert out.stat().st_size > 500
    assert (found["width"], found["height"]) == (640, 400)
    assert (found["frames"] > 1) == (ending == "gif")


def test_json_has_full_precision_and_no_bare_nan() -> None:
    answer = Answer("", {"a": np.array([0.1, np.nan, -np.inf]), "b": np.float64(1 / 3)})
    assert json.loads(answer.json()) == {"a": [0.1, "nan", "-inf"], "b": 1 / 3}
    assert plain({"path": Path("x")}) == {"path": "x"}


def test_table_sets_numbers_to_the_right() -> None:
    assert table([("a", 1.5), ("bb", -20.0)], ("n", "v")).splitlines() == [
        "n     v",
        "──  ───",
        "a   1.5",
        "bb  -20",
    ]


def test_doctor_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "doctor")
    assert found["qt_platform"] == "offscreen"
    assert found["fonts"]
    _status, told, _err = run(capsys, "doctor", "--lang", "ko")
    for name in found["folders"]:
        assert not re.search(rf"\b{name}\b 폴더", told)
    assert "설정 폴더" in told and "복구 폴더" in told
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0


def test_lessons_are_listed_and_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    listed = data(capsys, "lessons", "list")["lessons"]
    assert [lesson["number"] for lesson in listed] == list(range(1, 17))
    assert all(lesson["languages"] == ["en", "ko"] for lesson in listed)
    found = data(capsys, "lessons", "check")
    assert found["failed"] == 0
    assert len(found["questions"]) > 50
    status, out, _err = run(capsys, "lessons", "list", "--lang", "ko")
    assert status == 0
    assert "연쇄 법칙" in out

    folder = Path(listed[2]["path"]).parent
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    broken = tmp_path / "lesson.en.md"
    broken.write_text(broken.read_text("utf-8").replace("answer: -12\n", "answer: 12\n"), "utf-8")
    status, out, _err = run(capsys, "lessons", "check", str(tmp_path))
    assert status == 1
    assert "lesson.en.md, line " in out


def test_what_is_no_lesson_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path):
        status, _out, err = run(capsys, "lessons", "check", str(place))
        assert status == 2
        assert err.count("\n") == 1


def test_a_sweep_is_a_table_a_picture_and_goes_on(
    xor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "누빔")
    varied = ("--vary", "dense1.units=1,2", "--vary", "l2=0,0.1", "--seeds", "2")
    words = ("sweep", xor, *varied, "--steps", "24", "--out", out, "--workers", "1")
    found = data(capsys, *words)
    assert [(r["settings"], r["seed"]) for r in found["runs"]] == [
        ({"dense1.units": units, "l2": l2}, seed)
        for units in (1, 2)
        for l2 in (0, 0.1)
        for seed in (1, 2)
    ]
    assert all({"loss", "accuracy", "regions", "boundary", "norm"} <= set(r) for r in found["runs"])
    with open(found["files"][0], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == [run["loss"] for run in found["runs"]]
    assert Path(found["files"][2]).read_bytes().startswith(b"\x89PNG")
    again = data(capsys, *words)
    assert (again["runs"], again["taken_over"]) == (found["runs"], 8)
    status, text, _ = run(capsys, *words)
    assert status == 0
    assert "8 runs, 8 of them known before" in text


@pytest.mark.parametrize(
    "words",
    [
        ("--vary", "dense1.units"),
        ("--vary", "dense1.units=1,"),
        ("--vary", "l2=0", "--vary", "l2=1"),
        ("--vary", "moon=1"),
        ("--vary", "l2=0", "--executor", "moon"),
        ("--vary", "l2=0", "--seeds", "0"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused_in_a_sentence(
    words: tuple[str, ...], xor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "sweep", xor, *words, "--out", str(tmp_path / "out"))
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_options_may_stand_before_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    usual = run(capsys, "formula", "x*y", "x=-2", "y=5", "--lang", "ko", "--json")
    assert usual[0] == 0
    for before in (("--lang", "ko", "--json"), ("--json", "--lang=ko")):
        assert run(capsys, *before, "formula", "x*y", "x=-2", "y=5") == usual
