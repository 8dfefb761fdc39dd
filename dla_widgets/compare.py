"""Is what came what was expected, and if not, what does the difference look like?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

#: Factors that people are off by, and what they usually mean.
FACTORS = {
    100.0: "percent against a fraction",
    1000.0: "metres against millimetres, or m3 against litres",
    86_400.0: "per second against per day",
    24.0: "per hour against per day",
    60.0: "minutes",
    35.3146667: "cubic feet against cubic metres",
    2.4465755: "cubic feet per second against mm/day over one km2",
    25.4: "inches against millimetres",
    1e6: "m2 against km2",
}


def plain(value):
    """`value` as nested dicts and lists of arrays and texts, so that any two answers can be compared."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping) or hasattr(value, "data_vars"):
        return {str(key): plain(value[key]) for key in value}
    if isinstance(value, (list, tuple)) and not _is_numeric(value):
        return [plain(item) for item in value]
    return np.asarray(value)


def equal(got, expected, rtol: float, atol: float) -> bool:
    """Whether two plain values agree, NaN where NaN and to the tolerance."""
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and got.keys() == expected.keys()
            and all(equal(got[key], expected[key], rtol, atol) for key in expected)
        )
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(got) == len(expected)
            and all(equal(g, e, rtol, atol) for g, e in zip(got, expected))
        )
    if not isinstance(expected, np.ndarray) or not isinstance(got, np.ndarray):
        return type(got) is type(expected) and got == expected
    if got.shape != expected.shape:
        return False
    if _is_number(got) and _is_number(expected):
        return bool(np.allclose(got.astype(float), expected.astype(float), rtol=rtol, atol=atol, equal_nan=True))
    return got.dtype.kind == expected.dtype.kind and bool(np.all(got == expected))


def describe(got, expected, rtol: float, atol: float) -> str:
    """The difference in one sentence, as specific as can be: kind, shape, NaN, a unit, a sign."""
    if isinstance(expected, dict):
        return _describe_keys(got, expected, rtol, atol)
    if isinstance(expected, list):
        return _describe_items(got, expected, rtol, atol)
    if not isinstance(expected, np.ndarray):
        return (
            ""
            if got is None or isinstance(got, str)
            else f"A {_kind(expected)} was expected; you returned {_kind(got)}."
        )
    if not isinstance(got, np.ndarray) or _is_number(got) != _is_number(expected):
        return f"Expected {_kind(expected)}; you returned {_kind(got)}."
    if got.shape != expected.shape:
        return f"The shape is off: expected {_shape(expected)}, you returned {_shape(got)}."
    return _describe_numbers(got.astype(float), expected.astype(float)) if _is_number(expected) else ""


def _describe_keys(got, expected: dict, rtol: float, atol: float) -> str:
    if not isinstance(got, dict):
        return f"Expected a mapping with the keys {list(expected)}; you returned {_kind(got)}."
    if missing := [key for key in expected if key not in got]:
        return f"The keys {missing} are missing; you returned {list(got)}."
    if extra := [key for key in got if key not in expected]:
        return f"The keys {extra} were not asked for; expected {list(expected)}."
    key = next(key for key in expected if not equal(got[key], expected[key], rtol, atol))
    return f"{key!r} is off. {describe(got[key], expected[key], rtol, atol)}".strip()


def _describe_items(got, expected: list, rtol: float, atol: float) -> str:
    if not isinstance(got, list) or len(got) != len(expected):
        found = f"{len(got)} things" if isinstance(got, list) else _kind(got)
        return f"Expected {len(expected)} things, in this order; you returned {found}."
    i = next(i for i, (g, e) in enumerate(zip(got, expected)) if not equal(g, e, rtol, atol))
    return f"Item {i + 1} of {len(expected)} is off. {describe(got[i], expected[i], rtol, atol)}".strip()


def _describe_numbers(got: np.ndarray, expected: np.ndarray) -> str:
    holes, wanted = np.isnan(got), np.isnan(expected)
    if (holes & ~wanted).any():
        if wanted.any():
            return f"{(holes & ~wanted).sum()} values are NaN that have an answer."
        return "The result is NaN: a missing value in the input got through." if holes.all() else "Some values are NaN."
    if (wanted & ~holes).any():
        return f"{(wanted & ~holes).sum()} values should be NaN (there is nothing to compute them from) and are not."
    if np.isinf(got).any() and not np.isinf(expected).any():
        return "The result is infinite: a division by zero?"
    return _describe_factor(got[~wanted], expected[~wanted])


def _describe_factor(got: np.ndarray, expected: np.ndarray) -> str:
    nonzero = expected != 0
    if nonzero.sum() == 0 or not np.isfinite(got).all():
        return ""
    ratio = got[nonzero] / expected[nonzero]
    if np.allclose(ratio, -1, rtol=1e-6):
        return "Right size, wrong sign."
    if np.allclose(ratio, ratio[0], rtol=1e-5) and ratio[0] > 0 and (expected.size > 2 or _factor_name(ratio[0])):
        name = _factor_name(ratio[0])
        return f"Every value is {ratio[0]:.6g} times what was expected: a unit" + (f" ({name})?" if name else "?")
    return ""


def _factor_name(ratio: float) -> str:
    for factor, name in FACTORS.items():
        if np.isclose(ratio, factor, rtol=1e-5) or np.isclose(ratio, 1 / factor, rtol=1e-5):
            return name
    return ""


def show(value, width: int = 6) -> str:
    """A value in a few words: ``[1.2, 0.9, 3.1]``, ``an array of shape (365, 5)``, ``2 basins x 400 days``."""
    if hasattr(value, "sizes") and hasattr(value, "dims") and getattr(value, "dims", ()):
        if getattr(value, "ndim", 2) != 1:
            return " x ".join(f"{n} {dim}{'s' if n != 1 else ''}" for dim, n in value.sizes.items())
    if isinstance(value, Mapping) or hasattr(value, "data_vars"):
        return "{" + ", ".join(f"{key}: {show(value[key], 3)}" for key in list(value)[:6]) + "}"
    if value is None or isinstance(value, (str, bool)):
        return repr(value)
    if callable(value):
        return getattr(value, "__name__", "a function")
    if isinstance(value, (list, tuple)) and not _is_numeric(value):
        return "(" + ", ".join(show(item, 3) for item in value[:width]) + (", ...)" if len(value) > width else ")")
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(array.item())
    if array.ndim == 1:
        return "[" + ", ".join(_number(x) for x in array[:width].tolist()) + (", ...]" if array.size > width else "]")
    if array.size <= 12:
        return "[" + ", ".join(show(row) for row in array) + "]"
    return f"an array of shape {array.shape}"


def _number(x) -> str:
    if isinstance(x, bool) or not isinstance(x, (int, float)):
        return str(x)
    return f"{x:.4g}" if isinstance(x, float) else str(x)


def _is_numeric(values) -> bool:
    try:
        return np.asarray(values).dtype.kind in "biufM" and len(values) > 0
    except (ValueError, TypeError):
        return False


def _is_number(array: np.ndarray) -> bool:
    return array.dtype.kind in "biuf"


def _shape(array: np.ndarray) -> str:
    return "one number" if array.ndim == 0 else f"{array.shape}"


def _kind(value) -> str:
    if value is None:
        return "nothing (None)"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, np.ndarray):
        if not _is_number(value):
            return f"{'a value' if value.ndim == 0 else 'an array'} of type {value.dtype}"
        return "one number" if value.ndim == 0 else f"numbers of shape {value.shape}"
    return f"a {type(value).__name__}"
