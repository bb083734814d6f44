"""Predicting: numbers are hidden wherever they would be read, and said one at a time.

Either on whatever is on the canvas, or on a set of exercises; then the person's own project is put
aside until the set is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.lessons import exercises
from bpstudio.lessons.answers import Verdict, askable, judge, read
from bpstudio.lessons.exercises import Exercise, Result
from bpstudio.lessons.hints import LEVELS, hint, said
from bpstudio.lessons.rules import Rule
from bpstudio.playback.digits import significant
from bpstudio.playback.labels import Label
from bpstudio.playback.veil import (
    GRADIENT,
    KINDS,
    VALUE,
    Quantity,
    Veil,
    array_of,
    hidden,
    share_of,
)
from bpstudio.ui.studio import Studio


@dataclass(frozen=True)
class Attempt:
    """What was tried at one number: answers, hints, broken rules, and how it ended."""

    tries: int = 0
    hints: int = 0
    rules: tuple[Rule, ...] = ()
    right: bool = False
    shown: bool = False


@dataclass(frozen=True)
class Set:
    """A set of exercises that is being worked on, and the exercise at hand."""

    seed: int
    difficulty: int
    exercises: tuple[Exercise, ...]
    place: int = 0

    @property
    def exercise(self) -> Exercise:
        """The exercise at hand."""
        return self.exercises[self.place]


class Practice(QObject):
    """Which number is asked for, what was answered, and the set of exercises.

    `asked` is the number that an answer now goes to, `sentence` what was said last.
    """

    moved = Signal()
    """Another question, another answer, or another set."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._attempts: dict[tuple[int, Quantity], Attempt] = {}
        self._recording: object = None
        self._opening = False
        self.set: Set | None = None
        self.asked: Quantity | None = None
        self.sentence = ""
        self.hint = ""
        studio.moved.connect(self._follow)

    # -- hiding -----------------------------------------------------------------------------

    @property
    def kinds(self) -> frozenset[str]:
        """What is hidden in general: values, gradients, both or nothing."""
        veil = self._studio.shown.veil
        return veil.kinds if veil is not None and veil.only is None else frozenset()

    def hide(self, kinds: Iterable[str]) -> None:
        """Hide numbers of these kinds; without any, show everything."""
        chosen = frozenset(kinds)
        self._studio.hide(Veil(chosen) if chosen else None)
        self.ask_next()

    @property
    def waiting(self) -> tuple[Quantity, ...]:
        """What is hidden and can be said, in the order in which it is computed."""
        shown = self._studio.shown
        if shown.whole is None or shown.veil is None:
            return ()
        whole = shown.whole
        return tuple(q for q in hidden(whole, shown.veil) if askable(whole, q))

    # -- asking -----------------------------------------------------------------------------

    def ask(self, quantity: Quantity) -> None:
        """Ask for this number, if it is hidden."""
        if quantity in self.waiting:
            self.asked, self.sentence, self.hint = quantity, "", ""
            self._mark()
            self.moved.emit()

    def ask_next(self) -> None:
        """Ask for the next hidden number after the one that is asked for, or for the first."""
        waiting = self.waiting
        if self.asked in waiting:
            place = waiting.index(self.asked) + 1
            self.asked = waiting[place % len(waiting)]
        else:
            self.asked = waiting[0] if waiting else None
        self.sentence = self.hint = ""
        self._mark()
        self.moved.emit()

    def _mark(self) -> None:
        """Select the node whose number is asked for, so that it is seen on the canvas."""
        if self.asked is not None:
            self._studio.select([self.asked.node.partition(".")[0]])

    @property
    def question(self) -> str:
        """The question in words; empty where none is asked."""
        if self.asked is None or self._studio.shown.whole is None:
            return ""
        return said(self._studio.shown.whole.graph, self.asked)

    def answer(self, typed: str) -> Verdict | None:
        """Check an answer; what can't be read is said, and does not count."""
        whole = self._studio.shown.whole
        if self.asked is None or whole is None:
            return None
        exact = array_of(whole, self.asked)
        assert exact is not None
        try:
            verdict = judge(whole, self.asked, read(typed, exact.shape))
        except StudioError as error:
            self.sentence = str(error)
            self.moved.emit()
            return None
        before = self._attempt(self.asked)
        self._attempts[self._key(self.asked)] = replace(
            before,
            tries=before.tries + 1,
            rules=(*before.rules, *verdict.rules),
            right=verdict.right,
        )
        if verdict.right:
            self._lift(self.asked)
        self.sentence = verdict.sentence
        self.moved.emit()
        return verdict

    @property
    def hints(self) -> int:
        """How many hints were given for the number that is asked for."""
        return 0 if self.asked is None else self._attempt(self.asked).hints

    def give_hint(self) -> None:
        """One more hint: which rule, what it is made of, the numbers put in."""
        whole = self._studio.shown.whole
        if self.asked is None or whole is None:
            return
        before = self._attempt(self.asked)
        level = min(before.hints + 1, LEVELS)
        self._attempts[self._key(self.asked)] = replace(before, hints=level)
        self.hint = hint(whole, self.asked, level)
        self.moved.emit()

    def reveal(self) -> None:
        """Show the number that is asked for."""
        whole = self._studio.shown.whole
        if self.asked is None or whole is None:
            return
        asked = self.asked
        array = array_of(whole, asked)
        assert array is not None
        before = self._attempt(asked)
        self._attempts[self._key(asked)] = replace(before, shown=True)
        numbers = ", ".join(significant(float(each)) for each in array.ravel())
        self._lift(asked)
        words = _("The {quantity} is {numbers}.")
        self.sentence = words.format(quantity=said(whole.graph, asked), numbers=numbers)
        self.moved.emit()

    def _lift(self, quantity: Quantity) -> None:
        veil = self._studio.shown.veil
        assert veil is not None
        waiting = self.waiting
        after = waiting[waiting.index(quantity) + 1 :] if quantity in waiting else ()
        self._studio.hide(veil.without(quantity))
        left = self.waiting
        self.asked = next((q for q in after if q in left), left[0] if left else None)
        self.hint = ""
        self._mark()

    # -- sets of exercises ------------------------------------------------------------------

    def begin(self, seed: int, difficulty: int) -> None:
        """Begin a set; the person's own project is put aside."""
        made = exercises.exercises(seed, difficulty)
        self._attempts = {}
        self._open(Set(seed, difficulty, made))

    def go(self, direction: int) -> None:
        """The next exercise (1) or the one before (-1)."""
        if self.set is None:
            return
        place = self.set.place + direction
        if 0 <= place < len(self.set.exercises):
            self._open(replace(self.set, place=place))

    def leave(self) -> None:
        """End the set; the person's own project comes back."""
        if self.set is not None:
            self.set = None
            self._studio.come_back()
            self.ask_next()

    @property
    def results(self) -> tuple[Result, ...]:
        """How it went so far, a line for each number that is asked for."""
        if self.set is None:
            return ()
        found = []
        for exercise in self.set.exercises:
            for asked in exercise.asked:
                attempt = self._attempts.get((exercise.number, asked))
                if attempt is not None:
                    found.append(
                        Result(
                            self.set.seed,
                            self.set.difficulty,
                            exercise.number,
                            exercise.text,
                            said(exercise.recording.graph, asked),
                            attempt.right and not attempt.shown,
                            attempt.tries,
                            attempt.hints,
                            attempt.rules,
                        )
                    )
        return tuple(found)

    @property
    def progress(self) -> str:
        """How far the set is, in words."""
        if self.set is None:
            return ""
        first, right = exercises.progress(self.results)
        asked = sum(len(exercise.asked) for exercise in self.set.exercises)
        words = _("{right} of {asked} numbers right, {first} at the first try without a hint")
        return words.format(right=right, asked=asked, first=first)

    def _open(self, chosen: Set) -> None:
        self._opening = True
        self.set = chosen
        self._studio.visit(chosen.exercise.project)
        said_already = [q for q in chosen.exercise.asked if self._is_done(chosen, q)]
        self._studio.hide(Veil(frozenset({GRADIENT}), only=frozenset(chosen.exercise.asked)))
        veil = self._studio.shown.veil
        if said_already and veil is not None:
            self._studio.hide(veil.without(*said_already))
        self._opening = False
        self.asked = None
        self.ask_next()

    def _is_done(self, chosen: Set, quantity: Quantity) -> bool:
        attempt = self._attempts.get((chosen.exercise.number, quantity), Attempt())
        return attempt.right or attempt.shown

    def _key(self, quantity: Quantity) -> tuple[int, Quantity]:
        return (0 if self.set is None else self.set.exercise.number), quantity

    def _attempt(self, quantity: Quantity) -> Attempt:
        return self._attempts.get(self._key(quantity), Attempt())

    def _follow(self, _shown: object) -> None:
        """Other numbers are shown: what was asked of the old ones is asked no more."""
        if self._opening:
            return
        if self.set is not None and self._studio.aside is None:
            self.set = None
        whole = self._studio.shown.whole
        if whole is not self._recording:
            self._recording = whole
            if self.set is None:
                self._attempts = {}
        if self.asked is not None and self.asked not in self.waiting:
            self.asked, self.hint = None, ""
            self.moved.emit()


def practice_of(studio: Studio) -> Practice:
    """The one practice of a studio."""
    return studio.findChild(Practice) or Practice(studio)


def quantity_of_label(studio: Studio, label: Label) -> Quantity | None:
    """The number that a label on the canvas writes, if it is hidden."""
    whole, veil = studio.shown.whole, studio.shown.veil
    if whole is None or veil is None or isinstance(label.key, int):
        return None
    if isinstance(label.key, tuple):
        quantity = share_of(whole, label.key)
    else:
        quantity = Quantity(VALUE if label.role == "forward" else GRADIENT, label.key)
    return quantity if quantity in hidden(whole, veil) else None


NAMES = {VALUE: N_("values"), GRADIENT: N_("gradients")}
"""What may be hidden, in the order of `KINDS`."""
assert set(NAMES) == set(KINDS)
