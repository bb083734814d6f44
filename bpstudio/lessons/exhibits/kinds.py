"""Which kinds of exhibits there are, by the name that a lesson's file calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bpstudio.errors import StudioError
from bpstudio.language import N_
from bpstudio.lessons.exhibits import (
    capacity,
    code,
    curves,
    descent,
    dying,
    fork,
    jacobian,
    matrix,
    nudge,
    race,
    ripple,
    router,
    stacked,
    taken,
    tiles,
    wall,
)
from bpstudio.lessons.exhibits.exhibit import Exhibit
from bpstudio.project.project import Project

KINDS: Mapping[str, Callable[[str, Project | None], Exhibit]] = {
    "capacity": capacity.begin,
    "code": code.begin,
    "curves": curves.begin,
    "descent": descent.begin,
    "dying": dying.begin,
    "export": taken.begin,
    "fork": fork.begin,
    "jacobian": jacobian.begin,
    "matrix": matrix.begin,
    "nudge": nudge.begin,
    "race": race.begin,
    "ripple": ripple.begin,
    "router": router.begin,
    "stack": stacked.begin,
    "tiles": tiles.begin,
    "wall": wall.begin,
}


def begin(kind: str, of: str, project: Project | None) -> Exhibit:
    """An exhibit as it is at first; raises StudioError where there is no such one."""
    if kind not in KINDS:
        known = ", ".join(KINDS)
        template = N_("there is no exhibit {kind}; there are {known}.")
        raise StudioError(template, kind=kind, known=known)
    try:
        return KINDS[kind](of, project)
    except (KeyError, ValueError) as error:
        template = N_("the exhibit {kind} can't be made of {of}: {reason}.")
        raise StudioError(template, kind=kind, of=of or "–", reason=error) from error
