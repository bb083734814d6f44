"""How what is typed finds what something is called: in any language, by words, signs and Hangul.

A Korean word is found by the keys that have been pressed for it so far (`식` on the way to `시그`
finds 시그모이드), and by its initial consonants alone (ㅅㄱㅁ).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

EXACT, ALIKE, BEGINS, IN_PIECES, WITHIN = range(5)
"""How well a word fits, the best first: just so, but for its case, from its beginning, from the
beginning of one of its pieces, or somewhere inside."""

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = (
    *"ㅏㅐㅑㅒㅓㅔㅕㅖㅗ",
    "ㅗㅏ",
    "ㅗㅐ",
    "ㅗㅣ",
    *"ㅛㅜ",
    "ㅜㅓ",
    "ㅜㅔ",
    "ㅜㅣ",
    *"ㅠㅡ",
    "ㅡㅣ",
    "ㅣ",
)
_ENDS = (
    *(
        "",
        "ㄱ",
        "ㄲ",
        "ㄱㅅ",
        "ㄴ",
        "ㄴㅈ",
        "ㄴㅎ",
        "ㄷ",
        "ㄹ",
        "ㄹㄱ",
        "ㄹㅁ",
        "ㄹㅂ",
        "ㄹㅅ",
        "ㄹㅌ",
    ),
    *("ㄹㅍ", "ㄹㅎ", "ㅁ", "ㅂ", "ㅂㅅ", *"ㅅㅆㅇㅈㅊㅋㅌㅍㅎ"),
)
_FIRST, _LAST = 0xAC00, 0xD7A3
_PER_INITIAL, _PER_VOWEL = 588, 28

_SIGNS = str.maketrans("*∙-–/∑∏", "××−−÷ΣΠ")
"""What a keyboard has, or what looks alike, as the sign that stands on a gate."""


def rank(names: Sequence[str], words: Sequence[str], wanted: Sequence[str]) -> int | None:
    """How well what is wanted fits: 0 is exact, larger is worse, None is not at all.

    Each part of what is wanted must be found, in a name or in one of the further words; a name
    counts for more than a word that fits as well.
    """
    places = []
    for part in map(plain, wanted):
        both = enumerate((_best(part, names), _best(part, words)))
        found = [2 * place + second for second, place in both if place is not None]
        if not found:
            return None
        places.append(min(found))
    return max(places, default=0)


def exact(place: int | None) -> bool:
    """Whether that rank is of a word that is just what was wanted, in whatever case."""
    return place is not None and place // 2 <= ALIKE


def plain(text: str) -> str:
    """The text in composed letters, with signs as they stand on gates."""
    return unicodedata.normalize("NFC", text).translate(_SIGNS)


def initials(text: str) -> str:
    """The initial consonant of each Hangul syllable: `학습` is `ㅎㅅ`; all else as it is."""
    return "".join(
        _INITIALS[(ord(c) - _FIRST) // _PER_INITIAL] if _is_syllable(c) else c for c in text
    )


def keys(text: str) -> str:
    """The keys that are pressed for a text: `시그` is `ㅅㅣㄱㅡ`; all else as it is."""
    return "".join(map(_keys_of, text))


def _keys_of(letter: str) -> str:
    if not _is_syllable(letter):
        return letter
    initial, rest = divmod(ord(letter) - _FIRST, _PER_INITIAL)
    vowel, end = divmod(rest, _PER_VOWEL)
    return f"{_INITIALS[initial]}{_VOWELS[vowel]}{_ENDS[end]}"


def _is_syllable(letter: str) -> bool:
    return _FIRST <= ord(letter) <= _LAST


def _best(part: str, words: Sequence[str]) -> int | None:
    places = [place for word in words if (place := _fit(part, plain(word))) is not None]
    return min(places, default=None)


def _fit(part: str, word: str) -> int | None:
    if part == word:
        return EXACT
    if all(c in _INITIALS for c in part):
        return _compare(part, initials(word))
    return _compare(keys(part.casefold()), keys(word.casefold()))


def _compare(part: str, word: str) -> int | None:
    if part == word:
        return ALIKE
    if word.startswith(part):
        return BEGINS
    pieces = re.split(r"[\s_]+", word)
    if any(piece.startswith(part) for piece in (*pieces, "".join(pieces))):
        return IN_PIECES
    return WITHIN if len(part) > 1 and part in word else None
