"""What a gate is.

A gate is one class with a `forward` and a `backward`. Everything else that the studio knows about
it (ports, form, palette entry, captions, file format) is read off that class:

    class LeakyReLU(Op):
        '''Passes positives, damps negatives.'''

        slope: float = setting(0.01, low=0.0, high=1.0, help=N_("Slope left of zero."))

        symbol, category = "⟋", "activation"
        formula = "y = x if x > 0 else slope · x"
        gradients = {"x": "g if x > 0 else slope · g"}

        def forward(self, x: Array) -> Array:
            return np.where(x > 0, x, self.slope * x)

        def backward(self, g: Array, y: Array, x: Array) -> Gradients:
            return {"x": np.where(x > 0, g, self.slope * g)}

A gate's author keeps four rules, so that gates can be traced and compiled: NumPy on the arguments
alone; choices by `np.where` or `np.maximum`, never `if`, and loops only over shapes; nothing
assigned into; randomness only from `draw`, lasting state only through `update`, with `infer` for
use after training. `forward` and `backward` are pure: nothing is kept on `self` between them.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import (
    Annotated,
    Any,
    ClassVar,
    NamedTuple,
    NoReturn,
    TypeAlias,
    dataclass_transform,
    get_args,
    get_type_hints,
)

import numpy as np

from bpstudio.engine.shapes import Shape, broadcast
from bpstudio.errors import ShapeError, StudioError
from bpstudio.language import N_, _

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Gradients: TypeAlias = Mapping[str, Any]
"""What `backward` returns: for each argument that has one, its gradient (a sequence of gradients
for a variadic one), of the argument's shape or of a shape that broadcasting made from it."""


class Kind(enum.Enum):
    """Who supplies an argument of a gate when no wire does."""

    INPUT = "input"
    """Nobody: the port must be connected."""
    WEIGHT = "weight"
    """The layer owns it and training changes it."""
    GIVEN = "given"
    """A person typed it; one value for the whole batch."""
    FEATURES = "features"
    """The rows of the data set; the first axis is the batch."""
    TARGET = "target"
    """The right answers of the data set; the first axis is the batch."""
    STATISTIC = "statistic"
    """Lasting state that is not learned, such as a running mean; `update` gives its new value."""
    NOISE = "noise"
    """Drawn anew at each step by `draw`, and recorded."""
    INDEX = "index"
    """Integers that choose; no gradient passes."""


Weight: TypeAlias = Annotated[Array, Kind.WEIGHT]
Given: TypeAlias = Annotated[Array, Kind.GIVEN]
Features: TypeAlias = Annotated[Array, Kind.FEATURES]
Target: TypeAlias = Annotated[Array, Kind.TARGET]
Statistic: TypeAlias = Annotated[Array, Kind.STATISTIC]
Noise: TypeAlias = Annotated[Array, Kind.NOISE]
Index: TypeAlias = Annotated[Array, Kind.INDEX]


class Port(NamedTuple):
    """One argument of a gate's `forward`."""

    name: str
    kind: Kind
    variadic: bool


def setting(
    default: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[Any] | None = None,
    help: str = "",
) -> Any:
    """A number or a choice that a person sets on a gate, with the range it must lie in."""
    metadata = {"low": low, "high": high, "choices": choices, "help": help}
    return dataclasses.field(default=default, metadata=metadata)


catalog: dict[str, type[Op]] = {}
"""Every gate by its name in files. `import bpstudio.engine.ops` fills it."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclasses.dataclass(frozen=True)
class Op:
    """A gate: a pure function, its derivative, and what people are told about it."""

    name: ClassVar[str]
    """Its name in files, such as `leaky_relu`; from the class's name unless given."""
    title: ClassVar[str]
    """Its name on the screen, such as `Leaky ReLU`; from the class's name unless given."""
    symbol: ClassVar[str] = ""
    """What stands on the gate; settings may stand in it in braces, as in `+{offset:g}`."""
    category: ClassVar[str] = "arithmetic"
    """arithmetic, activation, layer, normalize, reshape, loss or source; the theme colours it."""
    aliases: ClassVar[Sequence[str]] = ()
    """Further words by which the palette finds it."""
    formula: ClassVar[str] = ""
    """`y = …` in the grammar of `formula.py`, over arguments and settings; tests evaluate it."""
    gradients: ClassVar[Mapping[str, str]] = {}
    """For each argument its gradient in the same grammar, where `g` is the upstream gradient and
    `y` the output, before broadcasting is undone; tests evaluate it. A variadic argument's name
    stands for all of its values, one after the other, among the arguments of a function; in its
    gradient `slot` is which of them it is for, counted from 0. So does the name of a setting of
    several numbers."""
    exports: ClassVar[Mapping[str, str]] = {}
    """Its name elsewhere, such as `{"onnx": "Tanh", "torch": "torch.tanh"}`; what else the call
    there needs, such as an axis, an exporter knows. Without a name it spells out `formula`."""
    domain: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """The open interval in which an argument makes sense, such as `{"x": (0, inf)}` for log."""
    samples: ClassVar[Sequence[Mapping[str, tuple[int, ...]]]] = ()
    """Shapes of the arguments that the generic tests run it at; none: any shapes broadcast."""
    boundary: ClassVar[float] = 0.5
    """Of a loss: where a single prediction changes from one class to the other; 0.5 for
    probabilities, 0 for scores."""
    ports: ClassVar[tuple[Port, ...]] = ()
    """The arguments of `forward`, in order."""

    def __init_subclass__(cls, *, hidden: bool = False) -> None:
        """Make the class a frozen value, read its ports and enter it in the catalog.

        `hidden` keeps it out of the catalog: for families that share code, and in tests.
        """
        own = vars(cls)
        cls.title = own.get("title") or _words(cls.__name__)
        cls.name = own.get("name") or cls.title.lower().replace(" ", "_").replace("-", "_")
        cls.ports = _ports(cls)
        if "__annotations__" in own:
            dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        else:  # Without settings of its own it is the value that its parent is, already made.
            cls.__setattr__ = cls.__delattr__ = _refuse  # type: ignore[method-assign,assignment]
        if not hidden:
            if cls.name in catalog:
                raise TypeError(f"two gates are called {cls.name}")
            catalog[cls.name] = cls

    def __post_init__(self) -> None:
        """Refuse a setting outside its range."""
        for field in dataclasses.fields(self):
            check_setting(self.title, field, getattr(self, field.name))

    def forward(self, *arguments: Any, **named: Any) -> Array:
        """The output for the arguments; a subclass names them."""
        raise NotImplementedError

    def backward(self, *arguments: Any, **named: Any) -> Gradients:
        """`backward(g, y, *arguments of forward)`: the gradient for each argument that has one.

        `g` is the upstream gradient, of the shape of the output `y`. Broadcasting is undone by
        the caller, so the rule of addition is `{"a": g, "b": g}`.
        """
        raise NotImplementedError

    def infer(self, *arguments: Any, **named: Any) -> Array:
        """The output outside training, for gates that then do something else."""
        return self.forward(*arguments, **named)

    def infer_backward(self, *arguments: Any, **named: Any) -> Gradients:
        """As `backward`, for the output that `infer` gives."""
        return self.backward(*arguments, **named)

    def draw(self, rng: np.random.Generator | None, **shapes: Any) -> Mapping[str, Array]:
        """The value of each `Noise` argument, given the other arguments' array shapes.

        Outside training `rng` is None, and the noise is what disturbs nothing.
        """
        return {}

    def update(self, *arguments: Any, **named: Any) -> Mapping[str, Array]:
        """The new value of each `Statistic` argument, from the arguments of `forward`."""
        return {}

    def shape(self, /, *_: Any, **shapes: Any) -> Shape:
        """The output's shape from those of the arguments; raises ShapeError where they clash.

        A subclass names the `Shape` arguments as `forward` does; a variadic argument's shapes
        come numbered, as in `parts0`, `parts1`.
        """
        return broadcast(*shapes.values())

    def weight_shapes(self, /, *_: Any, **inputs: Any) -> Mapping[str, tuple[int, ...]]:
        """The shape of each weight and statistic that the gate takes, given its other arguments'.

        The names are those of the other arguments, as in `shape`.
        """
        return {}

    def initials(self) -> Mapping[str, str | float]:
        """For each weight and statistic the name of the initialiser of `initial.py`, or the number
        that all its entries start at."""
        return {}

    def clash(self, template: str, **values: object) -> ShapeError:
        """The error for shapes that this gate can't take.

        In the sentence stand `{label}` for the gate and `{x}` for what feeds its port x; whoever
        knows the graph puts their labels in, until then it is the gate's title and the port.
        """
        named: dict[str, Any] = {port.name: port.name for port in self.ports}
        return ShapeError(template, **{"label": self.title, **named, **values})

    @property
    def face(self) -> str:
        """The symbol with the settings put in, or the title in the current language."""
        return self.symbol.format(**self.settings) if self.symbol else _(self.title)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name, in the order in which the class declares them."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}


def check_setting(title: str, field: dataclasses.Field[Any], value: Any) -> None:
    """Raise StudioError unless `value` fits what `setting` declared for `field`."""
    low, high, choices = (field.metadata.get(key) for key in ("low", "high", "choices"))
    if choices is not None:
        if not any(value == choice and type(value) is type(choice) for choice in choices):
            raise StudioError(
                N_("{title}: {setting} can't be {value}. Choose one of {choices}."),
                title=title,
                setting=field.name,
                value=value,
                choices=", ".join(map(str, choices)),
            )
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    wants_number = isinstance(field.default, int | float) and not isinstance(field.default, bool)
    if wants_number and (not number or not np.isfinite(value)):
        raise StudioError(
            N_("{title}: {setting} must be a number, not {value}."),
            title=title,
            setting=field.name,
            value=repr(value),
        )
    if wants_number and isinstance(field.default, int) and not isinstance(value, int):
        raise StudioError(
            N_("{title}: {setting} must be a whole number, not {value}."),
            title=title,
            setting=field.name,
            value=value,
        )
    if number and ((low is not None and value < low) or (high is not None and value > high)):
        raise StudioError(
            N_("{title}: {setting} is {value}, but must lie between {low} and {high}."),
            title=title,
            setting=field.name,
            value=value,
            low="-∞" if low is None else low,
            high="∞" if high is None else high,
        )


def _words(name: str) -> str:
    """`LeakyReLU` as `Leaky ReLU`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name)


def _refuse(gate: Op, name: str, *_value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _ports(cls: type[Op]) -> tuple[Port, ...]:
    hints = get_type_hints(cls.forward, include_extras=True)
    ports = []
    for parameter in list(inspect.signature(cls.forward).parameters.values())[1:]:
        kinds = [k for k in get_args(hints.get(parameter.name)) if isinstance(k, Kind)]
        variadic = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        ports.append(Port(parameter.name, kinds[0] if kinds else Kind.INPUT, variadic))
    return tuple(ports)
