"""Values that may cross the wall between a submission and its judge: plain data as JSON and npy, never a pickle.

What comes out of :func:`decode` is made of exact built-in types, NumPy arrays, pandas and xarray objects built here from
such parts; whatever a learner's object says of itself (``__eq__``, ``__float__``, ``__class__``) stays on its side. What
cannot be taken apart (a function, a Keras model) becomes a :class:`Handle`: a number to ask questions about.
"""

from __future__ import annotations

import io
import json
import struct
import sys
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

import numpy as np

#: Boolean, integers, floats, complex, text, bytes, dates and durations. No objects and no records.
KINDS = "biufcUSMm"
DEEPEST = 60
MOST_ITEMS = 200_000
_HEAD = struct.Struct("<I")


class CodecError(ValueError):
    """A value cannot cross, or a message cannot be read; the message says why."""


@dataclass(frozen=True, eq=False)
class Handle:
    """Something that stays inside: its number there and what it said of itself."""

    number: int
    about: dict = field(default_factory=dict)


def encode(value, most_bytes: int, keep: Callable[[object], Handle] | None = None) -> bytes:
    """`value` as one message of at most `most_bytes`; `keep` makes the handle of what cannot be taken apart.

    Raises
    ------
    CodecError : too large, too deep, too many items, or of a type that cannot cross
    """
    writer = _Writer(most_bytes, keep)
    tree = writer.tree(value, 0)
    head = json.dumps({"tree": tree, "sizes": [len(b) for b in writer.buffers]}).encode()
    message = b"".join((_HEAD.pack(len(head)), head, *writer.buffers))
    if len(message) > most_bytes:
        raise CodecError(f"{len(message):,} bytes are too many to hand over; at most {most_bytes:,} can be")
    return message


def decode(message: bytes, handle: Callable[[int, dict], object] = Handle):
    """The value in `message`; `handle(number, about)` makes what stands for something that stayed inside.

    Raises
    ------
    CodecError : the message was not made by :func:`encode`, or declares what it does not hold
    """
    try:
        (length,) = _HEAD.unpack_from(message)
        head = json.loads(message[_HEAD.size:_HEAD.size + length])
        buffers, at = [], _HEAD.size + length
        for size in head["sizes"]:
            if type(size) is not int or size < 0:
                raise CodecError("a part of negative size")
            buffers.append(message[at:at + size])
            at += size
        return _Reader(buffers, handle).value(head["tree"], 0)
    except CodecError:
        raise
    except Exception as error:  # whatever a forged message makes json, NumPy or pandas say
        raise CodecError(f"unreadable message: {type(error).__name__}") from None


class _Writer:
    def __init__(self, most_bytes: int, keep):
        self.most_bytes, self.keep = most_bytes, keep
        self.buffers: list[bytes] = []
        self.left = MOST_ITEMS
        self.bytes = 0

    def tree(self, value, depth: int):
        self.left -= 1
        if depth > DEEPEST or self.left < 0:
            raise CodecError(f"more than {DEEPEST} levels deep" if self.left >= 0 else f"more than {MOST_ITEMS:,} items")
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            return value if value.bit_length() < 64 else {"i": str(value) if value.bit_length() < 10_000 else self._no(value)}
        if kind is float:
            return value
        if value is Ellipsis:
            return {"e": 0}
        if kind is complex:
            return {"c": [value.real, value.imag]}
        for test, write in _WRITERS:
            if test(value):
                return write(self, value, depth + 1)
        if self.keep is None:
            self._no(value)
        kept = self.keep(value)
        return {"h": [kept.number, self.tree(kept.about, depth + 1)]}

    def _no(self, value):
        raise CodecError(f"a {type(value).__name__} cannot be handed over")

    def many(self, values, depth):
        return [self.tree(value, depth) for value in values]

    def array(self, value, depth):
        array = np.asarray(value)
        if array.dtype.kind == "O":
            if array.ndim == 0:
                self._no(array.item())
            return {"o": [list(array.shape), self.many(array.ravel().tolist(), depth)]}
        if array.dtype.kind not in KINDS:
            raise CodecError(f"an array of type {array.dtype} cannot be handed over")
        self.bytes += array.nbytes
        if self.bytes > self.most_bytes:
            raise CodecError(f"{self.bytes:,} bytes are too many to hand over; at most {self.most_bytes:,} can be")
        out = io.BytesIO()
        np.lib.format.write_array(out, np.ascontiguousarray(array).reshape(array.shape), version=(1, 0), allow_pickle=False)
        self.buffers.append(out.getvalue())
        return {"a": len(self.buffers) - 1}

    def scalar(self, value, depth):
        return {"g": self.array(value, depth)["a"]}

    def mapping(self, value, depth):
        return {"d": [[self.tree(key, depth), self.tree(value[key], depth)] for key in value]}

    def index(self, value, depth):
        return {"x": [self.array(value, depth), self.tree(value.name, depth)]}

    def series(self, value, depth):
        return {"S": [self.array(value, depth), self.index(value.index, depth), self.tree(value.name, depth)]}

    def frame(self, value, depth):
        columns = [[self.tree(name, depth), self.array(value.iloc[:, n], depth)] for n, name in enumerate(value.columns)]
        return {"F": [columns, self.index(value.index, depth)]}

    def data_array(self, value, depth):
        return {"X": [self.variable(value.variable, depth), self._coords(value, depth), self.tree(value.name, depth)]}

    def dataset(self, value, depth):
        return {"D": [[[str(n), self.variable(value[n].variable, depth)] for n in value.data_vars], self._coords(value, depth)]}

    def _coords(self, value, depth):
        return [[str(name), self.variable(value[name].variable, depth)] for name in value.coords]

    def variable(self, value, depth):
        attrs = {str(k): v for k, v in value.attrs.items() if type(v) in (str, int, float, bool)}
        return [[str(dim) for dim in value.dims], self.array(value.values, depth), self.mapping(attrs, depth)]


def _of(module: str, *names: str) -> Callable[[object], bool]:
    """Whether a value is of one of these classes of a package that need not be loaded here."""

    def test(value) -> bool:
        loaded = sys.modules.get(module)
        return loaded is not None and any(isinstance(value, getattr(loaded, name, ())) for name in names)

    return test


def _stays(value) -> bool:
    """A Keras weight is asked for its name and assigned to: a handle, though it could be made an array."""
    return type(value).__module__.split(".")[0] == "keras" and hasattr(value, "assign")


#: Asked in this order; the first that fits writes.
_WRITERS = [
    (_stays, lambda w, v, d: {"h": [(kept := w.keep(v)).number, w.tree(kept.about, d)]} if w.keep else w.array(v, d)),
    (lambda v: isinstance(v, np.generic), _Writer.scalar),
    (lambda v: isinstance(v, np.ma.MaskedArray), lambda w, v, d: w.array(np.ma.filled(v.astype(float), np.nan), d)),
    (lambda v: isinstance(v, np.ndarray), _Writer.array),
    (_of("pandas", "DataFrame"), _Writer.frame),
    (_of("pandas", "Series"), _Writer.series),
    (_of("pandas", "Index"), _Writer.index),
    (_of("datetime", "datetime", "date"), lambda w, v, d: {"P": v.isoformat()}),  # a Timestamp is one of them
    (_of("pandas", "Timedelta"), lambda w, v, d: w.scalar(v.to_timedelta64(), d)),
    (_of("xarray", "DataArray"), _Writer.data_array),
    (_of("xarray", "Dataset"), _Writer.dataset),
    (_of("tensorflow", "TensorShape"), lambda w, v, d: {"t": w.many(v.as_list(), d)}),
    (lambda v: isinstance(v, (bytes, bytearray)), lambda w, v, d: {"y": w.array(np.frombuffer(v, np.uint8), d)["a"]}),
    (lambda v: isinstance(v, Mapping), _Writer.mapping),
    (lambda v: isinstance(v, tuple), lambda w, v, d: {"t": w.many(v, d)}),
    (lambda v: isinstance(v, list), lambda w, v, d: {"l": w.many(v, d)}),
    (lambda v: isinstance(v, Set), lambda w, v, d: {"s": w.many(v, d)}),
    (lambda v: issubclass(type(v), (int, float, str)), lambda w, v, d: w.tree(_exact(v), d)),
    (lambda v: hasattr(type(v), "__array__"), _Writer.array),
]


def _exact(value) -> int | float | str:
    """The plain value under a subclass of a number or a text, whatever it says of itself (``isinstance`` believes it)."""
    if issubclass(type(value), int):
        return int.__int__(value)
    return float.__float__(value) if issubclass(type(value), float) else str.__str__(value)


class _Reader:
    def __init__(self, buffers: list[bytes], handle):
        self.buffers, self.handle = buffers, handle
        self.left = MOST_ITEMS

    def value(self, tree, depth: int):
        self.left -= 1
        if depth > DEEPEST or self.left < 0:
            raise CodecError("too deep, or too many items")
        if not isinstance(tree, dict):
            if isinstance(tree, list):
                raise CodecError("a bare list")
            return tree
        ((tag, inner),) = tree.items()
        return _READERS[tag](self, inner, depth + 1)

    def many(self, inner, depth):
        return [self.value(item, depth) for item in inner]

    def array(self, number, depth=0) -> np.ndarray:
        """The npy at `number`; its size is compared with what it declares before any memory is taken for it."""
        buffer = self.buffers[number if isinstance(number, int) and number >= 0 else len(self.buffers)]
        stream = io.BytesIO(buffer)
        if np.lib.format.read_magic(stream) != (1, 0):
            raise CodecError("an unknown version of npy")
        shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
        count = 1
        for length in shape:
            count *= length
        if dtype.kind not in KINDS or dtype.itemsize > 1_000_000 or len(shape) > 32 or any(length < 0 for length in shape):
            raise CodecError(f"an array of type {dtype}")
        if count * dtype.itemsize != len(buffer) - stream.tell() and not (count == 0 or dtype.itemsize == 0):
            raise CodecError(f"an array that declares {count} values and does not hold them")
        if dtype.itemsize == 0 or count == 0:
            return np.zeros(shape if max(shape, default=0) < MOST_ITEMS else 0, dtype)
        array = np.frombuffer(buffer, dtype, count, stream.tell()).reshape(shape, order="F" if by_column else "C").copy()
        if dtype.kind == "U" and array.ravel().view(np.uint32 if dtype.byteorder != ">" else ">u4").max(initial=0) > 0x10FFFF:
            raise CodecError("text that is no Unicode")
        return array

    def any_array(self, tree, depth) -> np.ndarray:
        """An array as :meth:`_Writer.array` wrote it: npy, or the items of an array of objects."""
        return self.array(tree["a"]) if "a" in tree else self.objects(tree["o"], depth)

    def objects(self, inner, depth) -> np.ndarray:
        shape, items = inner
        array = np.empty(len(items), object)
        for n, item in enumerate(items):
            array[n] = self.value(item, depth)
        return array.reshape([int(length) for length in shape])

    def moment(self, text):
        import pandas as pd

        return pd.Timestamp(str(text)[:40])

    def index(self, inner, depth):
        import pandas as pd

        return pd.Index(self.any_array(inner[0], depth), name=self.value(inner[1], depth))

    def series(self, inner, depth):
        import pandas as pd

        values, index, name = inner
        return pd.Series(self.any_array(values, depth), index=self.index(index["x"], depth), name=self.value(name, depth))

    def frame(self, inner, depth):
        import pandas as pd

        columns, index = inner
        index = self.index(index["x"], depth)
        made = pd.DataFrame({n: self.any_array(column, depth) for n, (_, column) in enumerate(columns)}, index=index)
        made.columns = [self.value(name, depth) for name, _ in columns]
        return made

    def variable(self, inner, depth):
        import xarray as xr

        dims, values, attrs = inner
        return xr.Variable([str(dim) for dim in dims], self.any_array(values, depth), attrs=self.value(attrs, depth))

    def coords(self, inner, depth) -> dict:
        return {str(name): self.variable(variable, depth) for name, variable in inner}

    def data_array(self, inner, depth):
        import xarray as xr

        variable, coords, name = inner
        return xr.DataArray(self.variable(variable, depth), coords=self.coords(coords, depth), name=self.value(name, depth))

    def dataset(self, inner, depth):
        import xarray as xr

        variables, coords = inner
        return xr.Dataset(self.coords(variables, depth), coords=self.coords(coords, depth))

    def handled(self, inner, depth):
        number, about = inner
        if type(number) is not int:
            raise CodecError("a handle without a number")
        return self.handle(number, self.value(about, depth))


_READERS: dict[str, Callable] = {
    "i": lambda r, v, d: int(v),  # Python itself refuses more than 4300 digits
    "e": lambda r, v, d: ...,
    "c": lambda r, v, d: complex(*v),
    "a": _Reader.array,
    "g": lambda r, v, d: r.array(v)[()],
    "o": _Reader.objects,
    "x": _Reader.index,
    "S": _Reader.series,
    "F": _Reader.frame,
    "X": _Reader.data_array,
    "D": _Reader.dataset,
    "y": lambda r, v, d: r.array(v).tobytes(),
    "P": lambda r, v, d: r.moment(v),
    "d": lambda r, v, d: {_key(r.value(k, d)): r.value(x, d) for k, x in v},
    "t": lambda r, v, d: tuple(r.many(v, d)),
    "l": _Reader.many,
    "s": lambda r, v, d: {_key(x) for x in r.many(v, d)},
    "h": _Reader.handled,
}


def _key(value):
    """A key of a dict: plain and hashable."""
    return tuple(value) if isinstance(value, (tuple, list)) else value
