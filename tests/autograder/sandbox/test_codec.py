"""What crosses the wall: every plain value as it was, and nothing else."""

import json
import struct

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from autograder.sandbox.codec import CodecError, Handle, decode, encode

MOST = 10_000_000
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner), max_leaves=20)


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value):
    back = decode(encode(value, MOST))
    assert back == value and type(back) is type(value)


@given(of_numpy.arrays(of_numpy.boolean_dtypes() | of_numpy.integer_dtypes() | of_numpy.floating_dtypes()
                       | of_numpy.complex_number_dtypes() | of_numpy.datetime64_dtypes() | of_numpy.unicode_string_dtypes(),
                       of_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0)))
def test_arrays_come_back_as_they_were(array):
    back = decode(encode(array, MOST))
    assert type(back) is np.ndarray and back.dtype == array.dtype and back.shape == array.shape
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("value", [
    ..., 1j, 2**80, float("nan"), {1, 2}, np.float32(2.5), np.array(["a", None], object), np.arange(12).reshape(3, 4)[:, ::2],
    np.asfortranarray(np.arange(6.0).reshape(2, 3)), pd.Timestamp("2001-10-01"),
    pd.Series([1.0, 2.0], ["a", "b"], name="discharge"),
    pd.DataFrame({"basin": ["01", "02"], "discharge": [1.0, np.nan]}),
    xr.Dataset({"discharge": (("basin", "time"), np.ones((2, 3)), {"units": "mm/day"})}, {"basin": ["a", "b"]}),
    xr.DataArray(np.ones(3), dims="time", name="prcp"),
], ids=lambda value: type(value).__name__)
def test_what_science_is_made_of_comes_back(value):
    back = decode(encode(value, MOST))
    assert type(back) is type(value)
    if hasattr(value, "identical"):
        assert back.identical(value)
    elif hasattr(value, "equals"):
        assert back.equals(value)
    else:
        np.testing.assert_equal(back, value)


def test_a_liar_is_taken_apart_where_it_is():
    class Liar(float):
        def __eq__(self, other):
            return True

        def __float__(self):
            return 99.0

        __class__ = int
        __hash__ = float.__hash__

    back = decode(encode([Liar(3)], MOST))
    assert type(back[0]) is float and back[0] == 3


def test_what_cannot_be_taken_apart_stays_and_is_a_number():
    kept = []
    value = {"model": print, "list": [len]}
    back = decode(encode(value, MOST, lambda thing: kept.append(thing) or Handle(len(kept), {"callable": True})))
    assert kept == [print, len] and [back["model"].number, back["list"][0].number] == [1, 2]
    with pytest.raises(CodecError, match="a builtin_function_or_method cannot be handed over"):
        encode(value, MOST)


def test_too_large_too_deep_and_endless_are_refused():
    with pytest.raises(CodecError, match="at most 1,000 can be"):
        encode(np.zeros(1000), 1000)
    endless = []
    endless.append(endless)
    with pytest.raises(CodecError, match="levels deep"):
        encode(endless, MOST)
    with pytest.raises(CodecError, match="items"):
        encode([0] * 300_000, MOST)


def forged(tree, *buffers: bytes) -> bytes:
    head = json.dumps({"tree": tree, "sizes": [len(b) for b in buffers]}).encode()
    return struct.pack("<I", len(head)) + head + b"".join(buffers)


def npy(shape: str, descr: str = "<f8", data: bytes = b"") -> bytes:
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(10 + len(head) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


@pytest.mark.parametrize("message", [
    b"", b"\x00", b"\xff" * 40, forged(["a bare list"]), forged({"a": 0}), forged({"a": -1}), forged({"?": 1}),
    forged({"a": 0, "b": 1}),
    forged({"a": 0}, npy("(1000000000000,)")), forged({"a": 0}, npy("(2,)", "|O", b"x" * 16)),
    forged({"a": 0}, npy("(1,)", "<U1", b"\xff\xff\xff\xff")), forged({"i": "9" * 5000 + "x"}), forged({"h": ["one", None]}),
    forged({"d": [[{"l": []}, 1]]})[:-3], forged({"X": [[["time"], {"a": 0}, {"d": []}], [], None]}, npy("(3,)")),
], ids=range(15))
def test_a_forged_message_is_a_codec_error(message):
    with pytest.raises(CodecError):
        decode(message)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_value_or_a_codec_error(message):
    try:
        decode(message)
    except CodecError:
        pass
