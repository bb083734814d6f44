"""Names and comments of people, made fit to stand in generated code.

Code generation is where a hostile file would try to run something: an id may be `class`, `print`
or a letter that Python reads as another one, a title anything at all. Ids become identifiers that
mean nothing else in the script; titles stand only in comments, never on its first two lines, where
a comment could choose how the file is decoded.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

RESERVED = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins)})
"""Names that mean something in every Python script."""


class Names:
    """Hands out identifiers, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        """`taken` are names that the script uses itself."""
        self.taken = {*RESERVED, *taken}
        self.numbers: dict[str, int] = {}

    def __call__(self, wanted: str) -> str:
        """`wanted` if it is a free identifier, else one that looks like it."""
        stem = identifier(wanted)
        name = stem
        while name in self.taken:
            self.numbers[stem] = number = self.numbers.get(stem, 1) + 1
            name = f"{stem}_{number}"
        self.taken.add(name)
        return name


def identifier(text: str) -> str:
    """The text as an identifier, spelled as Python itself would read it.

    Python takes identifiers in NFKC form, so that two ids that differ only before it would be one
    variable, and a bold 𝐜𝐥𝐚𝐬𝐬 is no name but the keyword.
    """
    plain = re.sub(r"\W", "_", unicodedata.normalize("NFKC", text)).lstrip("_")
    return plain if plain.isidentifier() else f"n_{re.sub(r'[^0-9A-Za-z_]', '_', plain)}"


def ascii_identifier(text: str) -> str:
    """The text as an identifier of the C language, for formats that want one."""
    plain = re.sub(r"[^0-9A-Za-z_]", "_", unicodedata.normalize("NFKC", text))
    return plain if re.match(r"[A-Za-z]", plain) else f"n{plain}"


def remark(text: str, longest: int = 70) -> str:
    """The text in one line of printable characters, as it may follow a `#`."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    line = re.sub(" +", " ", line).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
