"""What all explorers share, on a small one of this test's own: state, strings, words, bundles, the newest request."""

import base64
import json
import re
import threading

import numpy as np
import pandas as pd
import pytest
import traitlets as t
from hypothesis import given
from hypothesis import strategies as st

from dla_widgets.demos import EXPLORERS, DemoError, explorer_class
from dla_widgets.errors import CourseError
from dla_widgets.panels.explorer import Explorer, ExplorerError, Preset, bundle, say
from dla_widgets.panels.modules import ModuleError
from dla_widgets.panels.newest import Newest
from dla_widgets.panels.picture import Picture

each = pytest.mark.parametrize("name", EXPLORERS)


class Rain(Explorer):
    """Rain times a factor."""

    _esm = "export default {}"
    title = "Rain"
    factor = t.Float(1.0, min=0, max=10, help="factor on the rain [-]").tag(sync=True, label="Factor", step=0.5)
    days = t.Int(3, min=1, max=5, help="days").tag(sync=True, label="Days", detail=True)
    axis = t.Enum(("linear", "log"), "linear", help="axis").tag(sync=True, label="Axis", names={"log": "Logarithmic"})
    rate = t.Enum((0.001, 0.01), 0.001, help="rate").tag(sync=True, label="Rate")
    gaps = t.Bool(False, help="gaps").tag(sync=True, label="Gaps")
    chosen = t.List(t.Int(), [], help="chosen").tag(sync=True, label="Chosen")
    note = t.Unicode("", help="note").tag(sync=True, label="Note")
    formats = {"sum": ".1f"}
    words = "In {days} days {sum.rain} mm fell."
    presets = (Preset("flood", "factor=4;days=5", "It pours."), Preset("usual", "", "It rains."))

    def load(self, rain=(1.0, 2.0, 3.0, 4.0, 5.0)):
        rain = np.asarray(rain, dtype="float64")
        if rain.ndim != 1:
            raise CourseError(f"rain needs one value a day; received an array of shape {rain.shape}")
        self.data = {"rain": rain, "names": ["a", "b"], "when": np.array(["1970-01-02"], dtype="datetime64[D]")}

    def numbers(self):
        return {"days": self.days, "sum.rain": float(self.factor * self.data["rain"][: self.days].sum())}

    def table(self):
        return pd.DataFrame({"rain": self.data["rain"]})

    def figure(self):
        return Picture(3, 2, alt=self.describe())


def test_words_are_the_numbers_in_a_sentence():
    assert Rain().describe() == "In 3 days 6.0 mm fell."
    assert Rain(state="factor=2").describe() == "In 3 days 12.0 mm fell."
    assert Rain(factor=2.0).describe() == "In 3 days 12.0 mm fell."


def test_the_state_is_a_short_string_and_back():
    rain = Rain(state="factor=2.5;axis=log;rate=0.01;gaps=yes;chosen=1,2;note=a;days=5")
    assert (rain.factor, rain.axis, rain.rate, rain.gaps, rain.chosen, rain.days) == (2.5, "log", 0.01, True, [1, 2], 5)
    assert dict(part.split("=") for part in rain.state.split(";")) == {
        "factor": "2.5", "axis": "log", "rate": "0.01", "gaps": "yes", "chosen": "1,2", "note": "a", "days": "5"}  # fmt: skip
    assert Rain().state == ""
    assert rain.show("flood").state == "days=5;factor=4" and rain._preset == 0
    assert rain.show("").state == "" and rain.axis == "linear"


@given(st.text(), st.lists(st.integers(0, 99)), st.floats(0, 10))
def test_any_state_survives_the_string(note, chosen, factor):
    rain = Rain()
    rain.note, rain.chosen, rain.factor = note, chosen, factor
    other = Rain().show(rain.state)
    assert (other.note, other.chosen, other.factor) == (note, chosen, factor)


@pytest.mark.parametrize(("state", "said"), [
    ("facter=2", "Rain has no control or preset 'facter'; did you mean 'factor'?"),
    ("floot", "did you mean 'flood'?"),
    ("sideways", "Its controls: axis, chosen, days, factor, gaps, note, rate. Write them like"),
    ("factor=11", "factor=11: expected a number from 0 to 10"),
    ("days=2.5", "days=2.5: expected a whole number from 1 to 5"),
    ("axis=square", "axis=square: expected one of linear, log"),
    ("gaps=perhaps", "gaps=perhaps: expected yes or no"),
    ("chosen=a", "chosen=a: expected whole numbers with commas between them"),
])  # fmt: skip
def test_a_state_that_does_not_exist_is_refused_and_nothing_changes(state, said):
    rain = Rain(state="factor=3")
    with pytest.raises(ExplorerError) as refusal:
        rain.show(state)
    assert said in str(refusal.value)
    assert rain.state == "factor=3"


def test_bad_data_are_explained_in_the_frame():
    assert Rain([[1, 2], [3, 4]]).problem == "rain needs one value a day; received an array of shape (2, 2)"
    nonsense = Rain(rain="wet")
    assert nonsense.problem.startswith("ValueError: ")
    data, _ = nonsense._repr_mimebundle_()
    assert data["text/plain"] == nonsense.problem and "image/png" not in data


def test_a_notebook_without_a_kernel_has_the_picture_and_the_words():
    data, _ = Rain()._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == "In 3 days 6.0 mm fell."
    assert "application/vnd.jupyter.widget-view+json" in data


def test_arrays_travel_as_bytes():
    state = Rain()._get_embed_state()
    assert state["state"]["data"]["rain"] == {"dtype": "float64", "shape": [5]}
    assert state["state"]["data"]["when"]["dtype"] == "int32"
    sent = {tuple(buffer["path"]): base64.b64decode(buffer["data"]) for buffer in state["buffers"]}
    assert np.frombuffer(sent["data", "rain", "buffer"]).tolist() == [1, 2, 3, 4, 5]
    assert np.frombuffer(sent["data", "when", "buffer"], "int32").tolist() == [1]


def test_a_page_holds_all_it_needs(tmp_path):
    path = Rain(state="days=2").save_html(tmp_path / "new" / "rain.html")
    text = path.read_text()
    assert not re.search(r"""(src|href)=["'](https?:)?//""", text)
    states = json.loads(re.search(r'id="dla-states">(.*?)</script>', text)[1])
    assert states[0]["state"]["days"] == 2 and "</script" not in json.dumps(states[0]).replace("<", "\\u003c")


def test_modules_are_inlined(tmp_path):
    (tmp_path / "one.js").write_text('import { two } from "./two.js";\nexport default two;\n')
    (tmp_path / "two.js").write_text("export function two() {}\n")
    assert bundle(tmp_path / "one.js") == "function two() {}\nexport default two;\n"
    (tmp_path / "one.js").write_text('import { three } from "./two.js";\nexport default three;\n')
    with pytest.raises(ModuleError, match=r"one.js imports three, which two.js does not export"):
        bundle(tmp_path / "one.js")
    (tmp_path / "one.js").write_text('import { two } from "./four.js";\n')
    with pytest.raises(ModuleError, match=r"neither beside it nor in panels/"):
        bundle(tmp_path / "one.js")
    (tmp_path / "one.js").write_text('import { two } from "./two.js";\nfunction two() {}\n')
    with pytest.raises(ModuleError, match="both have 'two' at the top"):
        bundle(tmp_path / "one.js")


def test_of_many_requests_the_newest_wins():
    begun, go, done, failures = threading.Event(), threading.Event(), [], []
    newest = Newest(failures.append)

    def slow(number):
        begun.set()
        go.wait(10)
        done.append((number, newest.cancelled()))

    newest.run(slow, 0)
    assert begun.wait(10)
    for number in range(1, 50):
        newest.run(slow, number)
    go.set()
    newest.join(10)
    assert done == [(0, True), (49, False)]
    newest.run(lambda: 1 / 0)
    newest.join(10)
    assert isinstance(failures[0], ZeroDivisionError)


def test_cancelled_work_is_told_and_what_waits_is_dropped():
    begun, seen = threading.Event(), []
    newest = Newest(seen.append)

    def until_cancelled():
        begun.set()
        while not newest.cancelled():
            pass
        seen.append("gave up")

    newest.run(until_cancelled)
    assert begun.wait(10)
    newest.cancel()
    newest.join(10)
    assert seen == ["gave up"]


def test_what_fails_in_the_kernel_is_said_in_the_frame():
    rain = Rain()
    rain.newest(lambda: 1 / 0)
    rain._worker.join(10)
    assert rain.notice == "That did not work. ZeroDivisionError: division by zero"
    rain._message(rain, {"ask": "anything"}, [])
    assert rain.notice == ""


def test_numbers_as_the_page_writes_them():
    assert [say(v, ".2f") for v in (0.005, -0.001, float("inf"), float("nan"))] == ["0.01", "0.00", "infinite", "n/a"]
    assert say(-0.001, "+.0%") == "+0%" and say(1234567, ",d") == "1,234,567"


@each
def test_every_explorer_opens_without_arguments_in_every_preset(name):
    explorer = explorer_class(name)()
    assert explorer.problem == ""
    assert explorer.title and len(explorer.presets) >= 3
    words = explorer.describe()
    assert len(words) > 60 and "{" not in words
    for preset in explorer.presets:
        assert re.fullmatch(r"[a-z0-9_]+", preset.name) and preset.caption and preset.expect
        assert "{" not in explorer.show(preset.name).describe()
    size = sum(len(buffer["data"]) for buffer in explorer._get_embed_state()["buffers"])
    assert size < 1_500_000  # base64 of 1 MB


@each
def test_every_explorer_is_a_table_and_a_picture_too(name):
    explorer = explorer_class(name)()
    assert not explorer.table().empty
    picture = explorer.figure()
    assert isinstance(picture, Picture) and picture.alt == " ".join(explorer.describe().split())
    assert len(picture.png()) > 5000


@each
def test_every_explorer_says_what_is_wrong_with_its_data(name):
    explorer = explorer_class(name)("not data")
    assert len(explorer.problem) > 20, "no explanation"
    assert not re.match(r"(Attribute|Type|Key|Index)Error", explorer.problem), explorer.problem
    assert explorer.describe() == explorer.problem


@each
def test_every_control_has_bounds_words_and_a_default_within(name):
    cls = explorer_class(name)
    for control, trait in cls._states().items():
        assert trait.help and trait.metadata["label"], control
        if isinstance(trait, t.Int | t.Float):
            assert trait.min is not None and trait.max is not None and trait.min <= trait.default() <= trait.max, control


def test_unknown_explorers_get_their_likely_meaning():
    with pytest.raises(DemoError, match="no explorer 'skil'; did you mean 'skill'"):
        explorer_class("skil")
    with pytest.raises(DemoError, match="there are skill, hydrograph"):
        explorer_class("xyz")
