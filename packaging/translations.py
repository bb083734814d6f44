"""Brings the catalogs of translations up to date with the sentences of the program.

    python3 packaging/dev.py translations

Sentences are collected from the code (`_`, `N_`, `ngettext`) and from what gates, optimizers,
initialisers and data sets say of themselves. Translations are kept, sentences that are gone are
dropped, new ones wait with an empty translation, and their number is printed.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from environment import ROOT

import bpstudio.engine.ops  # noqa: F401 - fills the catalog
from bpstudio.data.toys import TOYS
from bpstudio.engine.initial import initialisers
from bpstudio.engine.op import Op
from bpstudio.engine.op import catalog as gates
from bpstudio.engine.optimizers import Optimizer, optimizers
from bpstudio.language import paragraphs

FOLDER = ROOT / "resources" / "translations"
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
WIDTH = 100

HEADER = r"""# Korean sentences of Backprop Studio.
msgid ""
msgstr ""
"Project-Id-Version: bpstudio\n"
"Language: ko\n"
"Language-Team: Korean\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=1; plural=0;\n"

"""

Sentence = str | tuple[str, ...]
"""A sentence, or its forms for one and for many."""


def main() -> int:
    """Updates every catalog in place, and says what waits for a translation."""
    found = sentences()
    for file in catalogs():
        text = updated(file.read_text(encoding="utf-8"), found)
        file.write_text(text, encoding="utf-8", newline="\n")
        waiting = [message.id for message in read(text) if not "".join(message.string or "")]
        print(f"{file.relative_to(ROOT)}: {len(found)} sentences, {len(waiting)} to translate")
    return 0


def catalogs() -> list[Path]:
    """The catalog of each language."""
    return sorted(FOLDER.glob("*/LC_MESSAGES/bpstudio.po"))


def sentences() -> frozenset[Sentence]:
    """All that the program can say, in English."""
    marked = {
        message
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / "bpstudio", [("**.py", "python")], keywords=KEYWORDS
        )
    }
    return frozenset(sentence for sentence in {*marked, *declared()} if "".join(sentence).strip())


def declared() -> Iterator[str]:
    """What stands in no call: titles, docstrings, and what the settings are called and offer."""
    kinds: list[type[Op] | type[Optimizer]] = [*gates.values(), *optimizers.values()]
    for kind in kinds:
        yield kind.title
        yield from paragraphs(kind)
        for field in dataclasses.fields(kind):  # type: ignore[arg-type]
            yield field.name.replace("_", " ")
            choices = field.metadata.get("choices") or ()
            yield from (choice for choice in choices if isinstance(choice, str))
    yield from (each.title for each in initialisers.values())
    for toy in TOYS.values():
        yield from paragraphs(toy.draw)


def updated(text: str, found: frozenset[Sentence]) -> str:
    """A catalog of these sentences with the translations that the given one has."""
    known, new = read(text), Catalog(locale=read(text).locale)
    for sentence in found:
        before = known.get(sentence)
        new.add(sentence, before.string if before is not None else "")
    written = BytesIO()
    write_po(written, new, width=WIDTH, no_location=True, omit_header=True, sort_output=True)
    return HEADER + written.getvalue().decode().strip() + "\n"


def read(text: str) -> Catalog:
    """A catalog from its text."""
    return read_po(BytesIO(text.encode()), locale="ko")


if __name__ == "__main__":
    sys.exit(main())
