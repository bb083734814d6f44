"""A lesson that is being gone through: where it is, what was answered, and the way back.

Each step that was visited is kept as it was left, so going back and on again shows exactly what
was there: project with its past, moment, selection, and answers. The person's own project is put
aside for as long as the lesson lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.lessons import fading, stage
from bpstudio.lessons.answers import Verdict, accepts, judge, read
from bpstudio.lessons.exhibits import kinds
from bpstudio.lessons.exhibits.exhibit import Exhibit
from bpstudio.lessons.keys import computed
from bpstudio.lessons.lesson import (
    Choose,
    Do,
    Lesson,
    LessonStep,
    Predict,
    Question,
    quantity_of,
)
from bpstudio.lessons.shelf import Shelved, every
from bpstudio.lessons.solutions import solution, worked
from bpstudio.playback.veil import Quantity
from bpstudio.project.project import Project
from bpstudio.ui.studio import Kept, Studio


@dataclass(frozen=True)
class Reply:
    """What was said to a question: what was typed or chosen last, and what came of it.

    `shown` says that the person had the answer shown; `tries` counts answers.
    """

    said: str = ""
    right: bool = False
    shown: bool = False
    tries: int = 0
    sentence: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing is left to be said."""
        return self.right or self.shown


@dataclass(frozen=True, eq=False)
class Visit:
    """One step as it was left."""

    kept: Kept
    replies: Mapping[int, Reply] = field(default_factory=dict)
    exhibit: Exhibit | None = None


class Lecture(QObject):
    """The lesson that is being gone through, if one is."""

    moved = Signal()
    """Another step, another answer, or another lesson."""

    showed = Signal()
    """The step's exhibit has come to something else."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._shelved: Shelved | None = None
        self._visits: dict[int, Visit] = {}
        self._said: dict[str, frozenset[Quantity]] = {}
        self._projects: dict[str, Project] = {}
        self._replies: dict[int, Reply] = {}
        self._turning = False
        self.lesson: Lesson | None = None
        self._written: Lesson | None = None
        self._built: tuple[int, ...] = ()
        self.exhibit: Exhibit | None = None
        self.level = fading.Level.PROMPTED
        self._streak = 0
        self.turns = 0
        """How often a step was entered or come back to: each time it is shown anew."""
        self.place = 0
        studio.changed.connect(self._look)
        studio.moved.connect(self._look)
        studio.selected.connect(self._look)
        studio.preferred.connect(self._translate)

    # -- the lesson and its steps ------------------------------------------------------------

    @property
    def on(self) -> bool:
        """Whether a lesson is going on."""
        return self.lesson is not None

    @property
    def alone(self) -> bool:
        """Whether the step shows an exhibit and no network, so that it has the canvas's room."""
        return self.exhibit is not None and not self._studio.project.graph.nodes

    @property
    def step(self) -> LessonStep:
        """The step that is shown."""
        assert self.lesson is not None
        return self.lesson.steps[self.place]

    @property
    def following(self) -> Shelved | None:
        """The lesson that stands after this one, if there is one."""
        shelf = every()
        if self._shelved not in shelf[:-1]:
            return None
        return shelf[shelf.index(self._shelved) + 1]

    def begin(self, shelved: Shelved) -> None:
        """Begin a lesson at its first step; raises FileError or LessonError and changes nothing."""
        lesson = shelved.read(self._studio.preferences.language)
        projects = {name: lesson.project(name) for name in lesson.projects}
        self._shelved, self._written, self._projects = shelved, lesson, projects
        self._visits, self._said, self._built = {}, {}, ()
        self.lesson = lesson
        self._insert(0)
        self._enter(0)

    def next(self) -> None:
        """The next step; while a question is open, first its answer."""
        question = self.open_question
        if question is not None:
            self.reveal(question)
        elif self.lesson is not None and self.place + 1 < len(self.lesson.steps):
            self._turn(self.place + 1)

    def back(self) -> None:
        """The step before, exactly as it was left."""
        if self.lesson is not None and self.place > 0:
            self._turn(self.place - 1)

    def again(self) -> None:
        """This step as it was at first, its answers forgotten."""
        if self.lesson is None:
            return
        asked = stage.asked_in(self.step)
        self._said[self._project_name] = self._said_here - asked
        self._visits = {place: v for place, v in self._visits.items() if place < self.place}
        before = self._visits.get(self.place - 1)
        if before is not None:
            self._turning = True
            self._studio.put_back(before.kept)
            self._turning = False
        self._enter(self.place)

    def leave(self) -> None:
        """End the lesson; the person's own project comes back."""
        if self.lesson is None:
            return
        self._forget()
        self._studio.come_back()
        self.moved.emit()

    def tried(self, exhibit: Exhibit) -> None:
        """The step's exhibit has come to this."""
        self.exhibit = exhibit
        self._look()
        self.showed.emit()

    def fade(self, level: fading.Level) -> None:
        """Give as much help as that level says, from this step on."""
        if level is not self.level:
            self.level, self._streak = level, 0
            if self.lesson is not None:
                here = self._number
                self._insert(here)
                self.place = here + sum(number < here for number in self._built)
                self.again()

    @property
    def _number(self) -> int:
        """Which step of the lesson as it is written this is, or is the page before."""
        assert self.lesson is not None
        return sum(not step.builds for step in self.lesson.steps[: self.place])

    def _insert(self, first: int) -> None:
        """From that step on, the pages that the level asks to build something on."""
        assert self._written is not None
        wanted = fading.to_build(self._written, self._projects)
        alone = self.level is fading.Level.ALONE
        self._built = (
            *(number for number in self._built if number < first),
            *(number for number in wanted if number >= first and alone),
        )
        self.lesson = fading.with_building(self._written, self._projects, self._built)

    # -- questions and answers ---------------------------------------------------------------

    def reply(self, place: int) -> Reply:
        """What was said to the question with that number in this step."""
        return self._replies.get(place, Reply())

    @property
    def answered(self) -> bool:
        """Whether anything was said in this step."""
        return bool(self._replies)

    @property
    def open_question(self) -> int | None:
        """The number of the first question of this step that still waits, if one does."""
        if self.lesson is None:
            return None
        numbered = enumerate(self.step.questions)
        return next((n for n, _question in numbered if not self.reply(n).done), None)

    def asking_for(self, quantity: Quantity) -> int | None:
        """The number of the question of this step that asks for a number of the network."""
        if self.lesson is None:
            return None
        for place, question in enumerate(self.step.questions):
            if isinstance(question, Predict) and quantity_of(question.key) == quantity:
                return None if self.reply(place).done else place
        return None

    def answer(self, place: int, typed: str) -> Reply:
        """Check what was typed, or the option that was chosen by its number."""
        question = self.step.questions[place]
        before = self.reply(place)
        match question:
            case Predict():
                reply = self._predicted(question, typed, before)
            case Choose():
                option = question.options[int(typed)]
                sentence = option.reason or (_("Right.") if option.right else _("Not that one."))
                reply = Reply(typed, option.right, before.shown, before.tries + 1, sentence)
            case Do():
                lacking = self._lacking(question)
                sentence = lacking or (_("Done.") if before.right else _("Not yet."))
                reply = replace(before, said=sentence, tries=before.tries + 1, sentence=sentence)
            case _:
                reply = replace(before, said=typed, right=True, tries=before.tries + 1)
        self._keep_reply(place, reply)
        if isinstance(question, Predict):
            self._count(right=reply.right, first=reply.tries == 1)
        return reply

    def _count(self, *, right: bool, first: bool) -> None:
        """The help fades for the steps to come once enough answers were right at the first try."""
        self._streak = self._streak + 1 if right and first else 0
        if self._streak == fading.IN_A_ROW and self.level < fading.Level.ALONE:
            self.level, self._streak = fading.Level(self.level + 1), 0
            self._insert(self._number + 1)
            self.moved.emit()

    def reveal(self, place: int) -> None:
        """Say the answer."""
        question = self.step.questions[place]
        before = self.reply(place)
        if before.done:
            return
        self._keep_reply(place, replace(before, shown=True, sentence=self.solution(question)))

    def solution(self, question: Question) -> str:
        """The answer to a question in words."""
        return solution(question, self._own_project())

    def _worked(self, place: int) -> str:
        question = self.step.questions[place]
        assert isinstance(question, Predict)
        return worked(question, self._own_project(), self._studio.shown.whole)

    def _predicted(self, question: Predict, typed: str, before: Reply) -> Reply:
        exact = self._exact(question)
        tries = before.tries + 1
        try:
            answer = read(typed, exact.shape)
        except StudioError as error:
            return replace(before, said=typed, sentence=str(error))
        if accepts(answer, exact):
            return Reply(typed, True, before.shown, tries, _("Right."))
        for wrong in question.wrong:
            if accepts(answer, read(wrong.text, exact.shape)):
                return Reply(typed, False, before.shown, tries, wrong.reason)
        return Reply(typed, False, before.shown, tries, self._rule(question, answer).sentence)

    def _rule(self, question: Predict, answer: Array) -> Verdict:
        """What the general rules say to an answer that the lesson does not foresee."""
        recording, quantity = self._studio.shown.whole, quantity_of(question.key)
        if recording is None or quantity is None:
            return Verdict(False, answer)
        try:
            return judge(recording, quantity, answer)
        except StudioError:
            return Verdict(False, answer)  # the network was changed and does not have it any more

    def _exact(self, question: Predict) -> Array:
        return computed(question.key, self._own_project())

    @property
    def _project_name(self) -> str:
        assert self.lesson is not None
        return self.lesson.project_at(self.place)

    @property
    def _said_here(self) -> frozenset[Quantity]:
        """What was said of this step's project: the x of another one is another number."""
        return self._said.get(self._project_name, frozenset())

    def _own_project(self) -> Project | None:
        """The project that this step's questions are about, as the lesson has it."""
        return self._projects.get(self._project_name)

    def _keep_reply(self, place: int, reply: Reply) -> None:
        self._replies[place] = reply
        question = self.step.questions[place]
        if reply.done and isinstance(question, Predict):
            quantity = quantity_of(question.key)
            if quantity is not None:
                self._said[self._project_name] = self._said_here | {quantity}
                veil = self._studio.shown.veil
                if veil is not None:
                    self._studio.hide(veil.without(quantity))
        self.moved.emit()

    # -- turning the pages -------------------------------------------------------------------

    def _turn(self, place: int) -> None:
        here = Visit(self._studio.present(), dict(self._replies), self.exhibit)
        before = self._visits.get(self.place)
        if before is not None and before.kept.history.project is not here.kept.history.project:
            # What was done differently here no longer leads to what was visited behind it.
            self._visits = {n: visit for n, visit in self._visits.items() if n < self.place}
        self._visits[self.place] = here
        visit = self._visits.get(place)
        if visit is None:
            self._enter(place)
            return
        self.place, self._replies, self.exhibit = place, dict(visit.replies), visit.exhibit
        self._turning = True
        self._studio.put_back(visit.kept)
        self._turning = False
        self.moved.emit()

    def _enter(self, place: int) -> None:
        """A step that was not visited yet: its project, its moment, what it hides and marks."""
        studio = self._studio
        self.place, self._replies = place, {}
        self.turns += 1
        self._turning = True
        state = self.step.state
        if self.step.builds:
            studio.visit(Project())
        elif state.project:
            studio.visit(self._projects[state.project])
        elif studio.aside is None:
            studio.visit(Project())
        if state.fault:
            studio.plant(stage.plant_of(state.fault))
        shown = self.step.tried
        self.exhibit = None
        if shown is not None:
            self.exhibit = kinds.begin(shown.kind, shown.of, self._own_project())
        timeline = studio.shown.timeline
        if state.moment and timeline is not None:
            try:
                studio.show_position(stage.time_of(state.moment, timeline))
            except StudioError as error:
                studio.complain(error)
        studio.hide(fading.veil(self.step, self.level, self._said_here))
        nodes = studio.project.graph.nodes
        marked = () if self.level is fading.Level.ALONE else state.highlight
        studio.select(node for node in marked if node in nodes)
        for number in fading.given(self.step, self.level):
            self._replies[number] = Reply(shown=True, sentence=self._worked(number))
        self._turning = False
        self._look()
        self.moved.emit()

    def _look(self, _news: object = None) -> None:
        """See whether what is to be done is done, or the lesson was left for something else."""
        if self.lesson is None or self._turning:
            return
        if self._studio.aside is None:
            self._forget()
            self.moved.emit()
            return
        scene = self._scene()
        for place, question in enumerate(self.step.questions):
            if not isinstance(question, Do) or self.reply(place).right:
                continue
            try:
                done = all(stage.met(condition, scene) for condition in question.until)
            except StudioError:
                done = False  # the network does not have it yet
            if done:
                reply = self.reply(place)
                self._keep_reply(place, replace(reply, right=True, sentence=_("Done.")))

    def _scene(self) -> stage.Scene:
        shown = self._studio.shown
        return stage.Scene(
            self._studio.project,
            shown.weights or self._studio.project.weights,
            shown.whole,
            shown.position,
            shown.length,
            self._studio.selection,
            {} if self.exhibit is None else self.exhibit.facts(),
            self._projects,
        )

    def _lacking(self, question: Do) -> str:
        """What a network that is being built still lacks, if the question is to build one."""
        scene = self._scene()
        said = (stage.lacking(condition, scene) for condition in question.until)
        return next(filter(None, said), "")

    def _translate(self, _preferences: object) -> None:
        """The same lesson at the same place in the language that holds now."""
        if self.lesson is None or self._shelved is None:
            return
        try:
            lesson = self._shelved.read(self._studio.preferences.language)
        except StudioError as error:
            self._studio.complain(error)
            return
        assert self._written is not None
        if len(lesson.steps) == len(self._written.steps):
            self._written = lesson
            self.lesson = fading.with_building(lesson, self._projects, self._built)
            self.moved.emit()

    def _forget(self) -> None:
        self.lesson, self._written, self._shelved, self.exhibit = None, None, None, None
        self._visits, self._replies, self._said = {}, {}, {}


def lecture_of(studio: Studio) -> Lecture:
    """The one lecture of a studio."""
    return studio.findChild(Lecture) or Lecture(studio)
