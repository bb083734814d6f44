"""The sentences that people read, in their language.

Every floor marks its sentences here: `_("Open…")` looks one up, `N_("Open…")` only marks one that
is looked up later. The catalog is chosen when a sentence is asked for, not when a module is
imported, so the language can change while the program runs. Values are put in afterwards:
`_("{name} has no input").format(name=title)`, because a catalog can only know the template.

What gates, optimizers and data sets say of themselves is looked up in the same way: their titles
by `_(op.title)`, their docstrings by `described(op)`. `packaging/translations.py` collects both.
"""

from __future__ import annotations

import gettext
import inspect
from functools import cache
from pathlib import Path

from bpstudio import resources

LANGUAGES = ("en", "ko")

_DOMAIN = "bpstudio"
_current = "en"
_wording: Path | None = None


def set_language(language: str, wording: Path | None = None) -> None:
    """Chooses the language of all sentences from now on.

    `wording` is a folder laid out like resources/translations (`ko/LC_MESSAGES/bpstudio.mo`) whose
    sentences win over ours, so that a teacher can mend the wording of a class.
    Raises ValueError for a language that is not in `LANGUAGES`.
    """
    global _current, _wording
    if language not in LANGUAGES:
        raise ValueError(f"no language {language!r}; there are {', '.join(LANGUAGES)}")
    _current, _wording = language, wording


def current_language() -> str:
    """The language that `_` answers in: "en" or "ko"."""
    return _current


def _(sentence: str) -> str:
    """The sentence in the current language; as it stands where no catalog knows it."""
    # A catalog keeps its own header under the empty sentence.
    return _catalog(_current, _wording).gettext(sentence) if sentence else ""


def everywhere(sentence: str) -> tuple[str, ...]:
    """The sentence in every language, each wording once; the current language comes first."""
    said = [_(sentence), *(_catalog(each, _wording).gettext(sentence) for each in LANGUAGES)]
    return tuple(dict.fromkeys(said))


def ngettext(one: str, many: str, count: int) -> str:
    """The sentence for this count in the current language."""
    return _catalog(_current, _wording).ngettext(one, many, count)


def N_(sentence: str) -> str:
    """Marks a sentence for translation and returns it untranslated."""
    return sentence


def described(thing: object) -> str:
    """What the docstring of a gate, an optimizer or a data set says, in the current language."""
    return "\n\n".join(map(_, paragraphs(thing)))


def paragraphs(thing: object) -> tuple[str, ...]:
    """The paragraphs of its own docstring in English, each on one line: a sentence of a catalog."""
    text = inspect.cleandoc(thing.__doc__ or "")
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


@cache
def _catalog(language: str, wording: Path | None) -> gettext.NullTranslations:
    """The catalog of a language; an empty one where it has not been compiled."""
    ours = gettext.translation(
        _DOMAIN, resources.path("translations"), languages=[language], fallback=True
    )
    if wording is None:
        return ours
    theirs = gettext.translation(_DOMAIN, wording, languages=[language], fallback=True)
    theirs.add_fallback(ours)
    return theirs
