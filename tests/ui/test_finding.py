"""What is typed, and what it finds."""

from __future__ import annotations

import unicodedata

import pytest

from bpstudio.ui.finding import exact, initials, keys, plain, rank


def test_initials_and_keys_of_syllables() -> None:
    assert initials("학습 x") == "ㅎㅅ x"
    assert initials("값") == "ㄱ"
    assert keys("시그") == "ㅅㅣㄱㅡ"
    assert keys("값 과") == "ㄱㅏㅂㅅ ㄱㅗㅏ"


def test_every_stage_of_composing_a_word_finds_it() -> None:
    for stage in ("ㅅ", "시", "식", "시그", "시금", "시그몽", "시그모이", "시그모읻", "시그모이드"):
        assert rank(("시그모이드",), (), [stage]) is not None, stage
    assert rank(("시그모이드",), (), ["시고"]) is None


@pytest.mark.parametrize(
    ("better", "worse"),
    [("sum", "Sum"), ("Sum", "sums"), ("sums", "a sum"), ("a sum", "unsummed")],
)
def test_the_nearer_a_word_the_better(better: str, worse: str) -> None:
    near, far = rank((better,), (), ["sum"]), rank((worse,), (), ["sum"])
    assert near is not None and far is not None and near < far


def test_korean_words_may_be_joined() -> None:
    for typed in ("완전연결층", "ㅇㅈㅇㄱㅊ", "완전ㅇ"):
        assert rank(("완전 연결층",), (), [typed]) is not None


def test_a_name_counts_for_more_than_a_word() -> None:
    by_name, by_word = rank(("sum",), (), ["sum"]), rank((), ("sum",), ["sum"])
    assert by_name is not None and by_word is not None and by_name < by_word
    assert exact(by_name) and exact(by_word) and not exact(rank(("sums",), (), ["sum"]))


def test_all_parts_must_be_found() -> None:
    assert rank(("Hard Sigmoid",), ("activation",), ["act", "hard"]) is not None
    assert rank(("Hard Sigmoid",), (), ["hard", "soft"]) is None


def test_what_looks_alike_is_alike() -> None:
    assert plain("a*b - c/d") == "a×b − c÷d"
    assert plain(unicodedata.normalize("NFD", "덧셈")) == "덧셈"
