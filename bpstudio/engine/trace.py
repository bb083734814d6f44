"""Which NumPy a gate calls, noted once.

A `Traced` array stands for an array whose shape and type are known and whose values are not. A
gate's own `forward` and `backward`, run on such arrays, leave on the `Tape` the list of `Call`s
that they would have made; `layout.py` gives each a place in memory and `plan.py` runs them. Equal
calls on equal arrays are noted once, so what backward computes again costs nothing, and so a gate
that is traced twice must come to the very same values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from bpstudio.engine import primitives, products, simplify
from bpstudio.engine.calls import FOLDED, Call, Form, Value
from bpstudio.engine.graph import Node
from bpstudio.engine.op import Array
from bpstudio.engine.shapes import broadcast_axes
from bpstudio.engine.template import Part, call
from bpstudio.errors import StudioError
from bpstudio.language import N_


@lru_cache(maxsize=1024)
def result_type(function: np.ufunc, *types: np.dtype[Any]) -> np.dtype[Any]:
    """The type of what a ufunc of one result gives for operands of these types."""
    return function.resolve_dtypes((*types, *[None] * function.nout))[-1]


class Tape:
    """Notes the calls of one plan, in order. `dtype` is the type of all its floats.

    `shorten` takes shorter ways to the same values (`simplify.py`); without it the calls are those
    that were made, each of which then has the slope that its author meant.
    """

    def __init__(self, dtype: Any = np.float64, *, shorten: bool = True) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.shorten = shorten
        self.values: list[Value] = []
        self.calls: list[Call] = []
        self.maker: dict[int, Call] = {}
        self.node: Node | None = None
        self.tried: set[Any] = set()
        self._known: dict[Any, int] = {}

    def leaf(self, shape: tuple[int, ...], *, batched: bool = False, dtype: Any = None) -> Traced:
        """An array that is supplied from outside."""
        return self._new(shape, np.dtype(dtype or self.dtype), batched)

    def constant(self, array: Any) -> Traced:
        """An array that is the same at every step; its floats take the type of the plan."""
        fixed = np.asarray(array)
        if fixed.dtype.kind == "f":
            fixed = fixed.astype(self.dtype)
        first = fixed.flat[0] if fixed.size else fixed.dtype.type(0)
        if fixed.ndim and fixed.size and (fixed == first).all():
            fixed = np.broadcast_to(np.asarray(first, fixed.dtype), fixed.shape)
            key: Any = ("uniform", fixed.dtype.str, fixed.shape, np.asarray(first).tobytes())
        else:
            key = ("constant", fixed.dtype.str, fixed.shape, fixed.tobytes())
        if key not in self._known:
            self._known[key] = self._new(fixed.shape, fixed.dtype, False, fixed).index
        return Traced(self, self._known[key])

    def lift(self, operand: Any, like: Sequence[Any] = ()) -> Traced:
        """An operand as a traced array; a Python number takes its type from the other operands."""
        if isinstance(operand, Traced):
            return operand
        if isinstance(operand, bool | np.bool_):
            return self.constant(np.asarray(operand))
        if isinstance(operand, int):
            floats = any(getattr(o, "dtype", np.dtype(bool)).kind == "f" for o in like)
            floats = floats or any(isinstance(o, float) for o in like)
            return self.constant(np.asarray(operand, self.dtype if floats else np.intp))
        return self.constant(operand)

    def elementwise(self, function: np.ufunc, *operands: Any) -> Traced:
        """A ufunc of one result on operands that broadcast."""
        lifted = tuple(self.lift(operand, operands) for operand in operands)
        constants = [self.values[x.index].constant for x in lifted]
        shape = broadcast_axes(*(x.shape for x in lifted))
        if all(c is not None for c in constants) and (
            int(np.prod(shape)) <= FOLDED or all(not any(c.strides) for c in constants if c.ndim)  # type: ignore[union-attr]
        ):
            with np.errstate(all="ignore"):
                return self.constant(function(*constants))
        simpler = simplify.simpler(self, function, lifted) if self.shorten else None
        if simpler is not None:
            return simpler
        lifted = tuple(simplify.unspread(self, x, lifted, shape) for x in lifted)
        dtype = result_type(function, *(x.dtype for x in lifted))
        return self.note(
            Form.ELEMENTWISE,
            function,
            lifted,
            (),
            shape,
            self.dtype if dtype.kind == "f" else dtype,
        )

    def reduce(self, function: np.ufunc, x: Traced, axes: tuple[int, ...], keep: bool) -> Traced:
        """A ufunc over all entries along some axes."""
        constant = self.values[x.index].constant
        if not axes and x.dtype == self.dtype:
            return x
        if constant is not None and x.size <= FOLDED:
            return self.constant(function.reduce(constant, axis=axes, keepdims=keep))
        shape = primitives.reduced_shape(x.shape, axes, keep)
        if function is np.add and x.dtype == self.dtype and len(axes) == x.ndim:
            return primitives.total(self, x, shape)
        dtype = function.reduce(np.ones(1, x.dtype)).dtype
        return self.note(Form.REDUCE, function, (x,), (axes, keep), shape, dtype)

    def view(self, name: str, x: Traced, *parameters: Any) -> Traced:
        """Another look at the memory of `x`; see `primitives.VIEWS`."""
        if name == "broadcast" and parameters[0] == x.shape:
            return x
        rule = primitives.VIEWS[name]
        value = self.values[x.index]
        if value.constant is not None:
            return self.constant(rule(value.constant, *parameters))
        seen = rule(np.broadcast_to(np.empty((), x.dtype), x.shape), *parameters)
        if name == "reshape" and seen.shape == x.shape:
            return x
        if name == "transpose" and parameters[0] == tuple(range(x.ndim)):
            return x
        made = self.maker.get(x.index)
        if made is not None and made.function == name == "transpose":
            inner = tuple(made.parameters[0][axis] for axis in parameters[0])
            return self.view("transpose", Traced(self, made.inputs[0]), inner)
        return self.note(Form.VIEW, name, (x,), parameters, seen.shape, seen.dtype)

    def product(self, a: Traced, b: Traced) -> Traced:
        """`a @ b` for operands of one or two axes each."""
        shape = (*a.shape[:-1], *(b.shape[1:] if b.ndim > 1 else ()))
        if a.shape[-1] != b.shape[0]:
            np.matmul(np.empty(a.shape), np.empty(b.shape))
        if a.ndim == b.ndim == 1:
            return self.note(Form.INNER, np.add, (a, b), (), (), self.dtype)
        return self.note(Form.PRODUCT, np.dot, (a, b), (), shape, self.dtype)

    def copy(self, x: Traced, dtype: Any) -> Traced:
        """The values of `x` in another type; of the same type they are `x` itself."""
        wanted = np.dtype(dtype)
        if wanted.kind == "f":
            wanted = self.dtype
        if wanted == x.dtype:
            return x
        constant = self.values[x.index].constant
        if constant is not None:
            return self.constant(constant.astype(wanted))
        if wanted.kind == "b":
            return self.elementwise(np.not_equal, x, 0)
        if not np.can_cast(x.dtype, wanted, "same_kind"):
            return call(self, np.ndarray.astype, (x, wanted), {})
        return self.note(Form.COPY, np.copyto, (x,), (wanted.str,), x.shape, wanted)

    def note(
        self,
        form: Form,
        function: Any,
        inputs: tuple[Traced, ...],
        parameters: tuple[Any, ...],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> Traced:
        """The result of a call, noted unless the same call on the same values was already."""
        indices = tuple(x.index for x in inputs)
        key = (form, function, indices, parameters)
        if key not in self._known:
            batched = any(self.values[i].batched for i in indices)
            result = self._new(shape, np.dtype(dtype), batched)
            call = Call(form, function, indices, parameters, result.index)
            self.calls.append(call)
            self.maker[result.index] = call
            self._known[key] = result.index
        return Traced(self, self._known[key])

    def seen(self, function: np.ufunc, *operands: Traced) -> Traced | None:
        """The result of an elementwise call that was noted already."""
        indices = tuple(x.index for x in operands)
        known = self._known.get((Form.ELEMENTWISE, function, indices, ()))
        return None if known is None else Traced(self, known)

    def apart(self) -> Tape:
        """A tape that goes on from here; this one stays as it is."""
        tape = Tape(self.dtype, shorten=self.shorten)
        tape.values, tape.calls = list(self.values), list(self.calls)
        tape.maker, tape._known = dict(self.maker), dict(self._known)
        return tape

    def at(self, index: int) -> Traced:
        """The value of that number."""
        return Traced(self, index)

    def refuse(self, sentence: str, **values: Any) -> NoReturn:
        """Raise the sentence, with the label of the gate that is being traced."""
        node = self.node
        raise StudioError(
            sentence,
            nodes=() if node is None else (node.id,),
            label="-" if node is None else node.label,
            op="-" if node is None else node.op.title,
            **values,
        )

    def _new(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        batched: bool,
        constant: Array | None = None,
    ) -> Traced:
        self.values.append(Value(len(self.values), tuple(shape), dtype, batched, constant))
        return Traced(self, len(self.values) - 1)


class Traced(NDArrayOperatorsMixin):
    """An array of known shape and type and of no values; every NumPy call on it is noted."""

    __slots__ = ("dtype", "index", "shape", "tape")

    def __init__(self, tape: Tape, index: int) -> None:
        self.tape = tape
        self.index = index
        self.shape = tape.values[index].shape
        self.dtype = tape.values[index].dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape))

    @property
    def T(self) -> Traced:
        """The axes in reverse order."""
        return self.transpose()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **named: Any) -> Any:
        if named.get("out") is not None or method == "at":
            self._refuse_assignment()
        if method == "__call__" and ufunc is np.matmul and not named:
            return products.matmul(self.tape, *inputs)
        if method == "__call__" and ufunc.nout == 1 and ufunc.signature is None and not named:
            return self.tape.elementwise(ufunc, *inputs)
        if method == "reduce" and not set(named) - {"axis", "keepdims", "out"}:
            axis, keep = named.get("axis", 0), bool(named.get("keepdims", False))
            return primitives.reduction(self.tape, ufunc, inputs[0], axis, keep)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "__call__" and ufunc.nout > 1:
            return tuple(call(self.tape, Part(ufunc, i), inputs, named) for i in range(ufunc.nout))
        return call(self.tape, function, inputs, named)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Any, kwargs: dict[str, Any]
    ) -> Any:
        if kwargs.get("out") is not None or func in primitives.ASSIGNING:
            self._refuse_assignment()
        rule = primitives.FUNCTIONS.get(func)
        if rule is not None:
            known = rule(self.tape, *args, **kwargs)
            if known is not NotImplemented:
                return known
        return call(self.tape, func, args, kwargs)

    def __getitem__(self, key: Any) -> Traced:
        return primitives.index(self.tape, self, key)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array of no axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Traced]:
        return (self[i] for i in range(len(self)))

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        self._refuse_assignment()

    def __bool__(self) -> NoReturn:
        self.tape.refuse(
            N_(
                "{label} ({op}) decides by a value (if, and, or, while), which a compiled plan "
                "can't follow. Choose with np.where or np.maximum instead."
            )
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        self._refuse_values()

    def __float__(self) -> NoReturn:
        self._refuse_values()

    def __int__(self) -> NoReturn:
        self._refuse_values()

    def __index__(self) -> NoReturn:
        self._refuse_values()

    def __complex__(self) -> NoReturn:
        self._refuse_values()

    def item(self, *_: Any) -> NoReturn:
        """Refused: a traced array has no values."""
        self._refuse_values()

    def tolist(self) -> NoReturn:
        """Refused: a traced array has no values."""
        self._refuse_values()

    def transpose(self, *axes: Any) -> Traced:
        """The axes in another order."""
        chosen = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return primitives.transpose(self.tape, self, chosen)

    def reshape(self, *shape: Any, **named: Any) -> Traced:
        """The same entries along other axes."""
        wanted = shape[0] if len(shape) == 1 else shape
        result: Traced = primitives.FUNCTIONS[np.reshape](self.tape, self, wanted, **named)
        return result

    def astype(self, dtype: Any, **_: Any) -> Traced:
        """The same entries in another type; floats take the type of the plan."""
        return self.tape.copy(self, dtype)

    def copy(self) -> Traced:
        """Itself, since nothing is assigned into."""
        return self

    def __copy__(self) -> Traced:
        return self

    def __deepcopy__(self, memo: Any) -> Traced:
        return self

    def __getattr__(self, name: str) -> Any:
        """Methods that are NumPy functions of the same name: sum, mean, max, ravel, clip, …"""
        if name in primitives.METHODS:
            return lambda *args, **named: getattr(np, name)(self, *args, **named)
        if not name.startswith("_"):
            self.tape.refuse(
                N_(
                    "{label} ({op}) uses .{name} of an array, which a compiled plan does not know. "
                    "Use a NumPy function instead."
                ),
                name=name,
            )
        raise AttributeError(name)

    def __pow__(self, other: Any) -> Any:
        return np.power(self, other)

    def _refuse_values(self) -> NoReturn:
        self.tape.refuse(
            N_(
                "{label} ({op}) takes values out of an array (float, int, np.asarray, .item), "
                "which a compiled plan does not have. Use NumPy functions on the array itself."
            )
        )

    def _refuse_assignment(self) -> NoReturn:
        self.tape.refuse(
            N_(
                "{label} ({op}) assigns into an array, which a compiled plan can't follow. "
                "Make a new one with np.where, np.stack or np.concatenate instead."
            )
        )
