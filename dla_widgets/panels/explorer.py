"""What all explorers share: state as traits, the same state as numbers, words, table, figure and a short string.

An explorer is one small class and one small ES module. The class holds the data and says what may be moved; the module
draws and computes in the browser, so that a picture follows the hand and needs no kernel. Whatever the page shows in
digits, :meth:`Explorer.numbers` computes again with the package's own functions: tests compare the two.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import wraps
from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import anywidget
import numpy as np
import traitlets as t

from ..errors import CourseError
from .modules import HERE, bundle
from .newest import Newest

if TYPE_CHECKING:
    import pandas as pd

    from .picture import Picture

__all__ = ["Explorer", "ExplorerError", "Preset", "bundle", "say"]


class ExplorerError(CourseError):
    """An explorer can't be opened like this."""


@dataclass(frozen=True)
class Preset:
    """A state worth showing: its name, the state string, what to say, and what the room should see."""

    name: str
    state: str
    caption: str
    expect: str = ""


#: how a number is written if an explorer's ``formats`` don't say
PLAIN = ".6g"


def say(value: Any, spec: str = "") -> str:
    """A number or a text as the page writes it; ``panels.js`` has the same function.

    >>> say(0.777, ".2f"), say(-0.25, "+.0%"), say(float("nan")), say("forest")
    ('0.78', '-25%', 'n/a', 'forest')
    """
    if value is None:
        return "n/a"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if not isfinite(value):
        return "n/a" if isnan(value) else ("infinite" if value > 0 else "-infinite")
    spec = spec or PLAIN
    text = format(int(value) if spec.endswith("d") else float(value), spec)
    return text.replace("-", "+" if "+" in spec else "") if re.fullmatch(r"-[0.,]*0%?", text) else text  # no "-0.00"


def _to_wire(value: Any, _widget: Any = None) -> Any:
    """Arrays as shape, type and bytes; everything else as JSON has it."""
    if isinstance(value, dict):
        return {str(name): _to_wire(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_to_wire(part) for part in value]
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind == "M":
        value = value.astype("datetime64[D]").astype("int32")
    elif value.dtype.kind in "US":
        return value.tolist()
    else:
        value = value.astype({"float16": "float32", "int64": "int32", "bool": "uint8"}.get(value.dtype.name, value.dtype))
    value = np.ascontiguousarray(value)
    return {"dtype": value.dtype.name, "shape": list(value.shape), "buffer": memoryview(value).cast("B")}


#: a trait of arrays: ``Dict().tag(sync=True, **ARRAYS)``; the page may not send it back
ARRAYS = {"to_json": _to_wire, "from_json": lambda value, widget: value}


class Explorer(anywidget.AnyWidget):
    """Base of all explorers: subclasses give ``_esm``, ``title``, state traits, ``load``, ``numbers``, ``table``, ``figure``.

    State are the traits with a ``label`` tag. They can be set and read in a notebook, linked with ``ipywidgets.jslink``,
    shared as a short string (:attr:`state`) and opened from one (:meth:`show`).

    Parameters
    ----------
    *args, **options : what the explorer's ``load`` takes; data that can't be shown are explained in the frame
    state : a state string such as ``"lag=3;volume=1.2"``, or the name of a preset
    presenter : large type and few controls, for a room; PageUp and PageDown step through the presets
    """

    _css = (HERE / "panels.css").read_text(encoding="utf-8")

    #: heading of the frame
    title = ""
    #: how numbers are written: name -> format; ``recall.water`` takes that of ``recall``
    formats: dict[str, str] = {}
    #: the picture in words, with ``{name}`` for numbers; several if ``numbers()["saying"]`` names one
    words: str | dict[str, str] = ""
    presets: tuple[Preset, ...] = ()

    data = t.Dict(help="what the page draws").tag(sync=True, **ARRAYS)
    result = t.Dict(help="what the kernel computed for the page").tag(sync=True, **ARRAYS)
    presenter = t.Bool(False, help="large type and few controls, for a room").tag(sync=True)
    problem = t.Unicode("", help="why there is nothing to show").tag(sync=True)
    notice = t.Unicode("", help="a remark shown in the frame").tag(sync=True)
    _preset = t.Int(-1).tag(sync=True)
    _frame = t.Dict().tag(sync=True)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "figure" in vars(cls):
            cls.figure = _in_style(cls.figure)

    def __init__(self, *args: Any, state: str = "", presenter: bool = False, **options: Any):
        traits = {name: options.pop(name) for name in list(options) if name in self._states()}
        super().__init__(presenter=presenter)
        if self.comm is not None:
            # ipykernel 7.4 sends what a page says to the shell that last spoke to it: one that is busy with a cell, or
            # one that went when the page was reloaded. The page knows better which shell listens.
            self.comm._reply_subshell_for = None
        self._worker = Newest(self._failed)
        self.on_msg(self._message)
        try:
            self.load(*args, **options)
        except Exception as error:  # whatever is wrong with the data is said in the frame, not in a traceback
            self.problem = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
        self._frame = {
            "title": self.title, "formats": self.formats, "words": self.words, "plain": PLAIN,
            "presets": [asdict(preset) for preset in self.presets],
            "controls": {name: _control(trait) for name, trait in self._states().items()},
        }  # fmt: skip
        if state and not self.problem:
            self.show(state)
        for name, value in traits.items():
            setattr(self, name, value)

    # what an explorer fills in

    def load(self, *args: Any, **options: Any) -> None:
        """Take the data and set :attr:`data`; raise a `CourseError` that says what is wrong with them."""
        raise NotImplementedError

    def numbers(self) -> dict[str, Any]:
        """All that the page says in digits, for the present state."""
        raise NotImplementedError

    def table(self) -> pd.DataFrame:
        """The present state as a table."""
        raise NotImplementedError

    def figure(self) -> Picture:
        """The present state as a picture, for print and for people who would rather not drag."""
        raise NotImplementedError

    def asked(self, what: str, content: dict[str, Any]) -> None:
        """A button of the page that needs the kernel was pressed."""

    # words and state

    def describe(self) -> str:
        """The picture in one paragraph of words."""
        if self.problem:
            return self.problem
        numbers = self.numbers()
        template = self.words if isinstance(self.words, str) else self.words[numbers["saying"]]
        return re.sub(r"\{([^{}]+)\}", lambda found: self.written(found[1], numbers), template)

    def written(self, name: str, numbers: dict[str, Any] | None = None) -> str:
        """One of :meth:`numbers` as the page writes it."""
        value = (numbers or self.numbers())[name]
        return say(value, self.formats.get(name, self.formats.get(name.split(".", maxsplit=1)[0], "")))

    @property
    def state(self) -> str:
        """What differs from the explorer's first state, as a short string to share: ``"lag=3;volume=1.2"``."""
        changed = {name: getattr(self, name) for name in self._states()}
        first = {name: trait.default(self) for name, trait in self._states().items()}
        return ";".join(f"{name}={_as_text(value)}" for name, value in changed.items() if value != first[name])

    def show(self, state: str) -> Explorer:
        """Bring the explorer into the state of a string or of a preset's name; the rest takes its first value.

        Raises
        ------
        ExplorerError : no such control or preset, or a value that the control doesn't have
        """
        named = {preset.name: k for k, preset in enumerate(self.presets)}
        values = self._parsed(self.presets[named[state]].state if state in named else state)
        with self.hold_sync():
            for name, trait in self._states().items():
                setattr(self, name, values.get(name, trait.default(self)))
            self._preset = named.get(state, -1)
        return self

    def save_html(self, path: str | Path) -> Path:
        """Write a page that works without a kernel and without internet, in the present state."""
        from .static import page

        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page([self], title=self.title), encoding="utf-8")
        return path

    # with a kernel

    def newest(self, work: Callable[..., Any], *args: Any) -> None:
        """Run ``work(*args)`` on the explorer's own thread; of the requests that wait, only the newest is run."""
        self._worker.run(work, *args)

    def cancelled(self) -> bool:
        """Whether running work should give up: something newer waits, or :meth:`cancel` was called."""
        return self._worker.cancelled()

    def cancel(self) -> None:
        """Ask running work to give up."""
        self._worker.cancel()

    def _message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if isinstance(content, dict) and isinstance(content.get("ask"), str):
            self.notice = ""
            try:
                self.asked(content["ask"], content)
            except Exception as error:
                self._failed(error)

    def _failed(self, error: BaseException) -> None:
        self.notice = str(error) if isinstance(error, CourseError) else f"That did not work. {type(error).__name__}: {error}"

    # inside

    @classmethod
    def _states(cls) -> dict[str, t.TraitType]:
        return {name: trait for name, trait in cls.class_traits(sync=True).items() if trait.metadata.get("label")}

    def _parsed(self, state: str) -> dict[str, Any]:
        values, states = {}, self._states()
        for part in filter(str.strip, state.split(";")):
            name, equals, text = part.partition("=")
            name = name.strip()
            if not equals or name not in states:
                near = get_close_matches(name, [*states, *(preset.name for preset in self.presets)], 1)
                raise ExplorerError(
                    f"{type(self).__name__} has no control or preset {name!r}"
                    + (f"; did you mean {near[0]!r}?" if near else "")
                    + f" Its controls: {', '.join(states)}. Write them like {example(states)!r}."
                )
            try:
                values[name] = states[name]._validate(self, _from_text(states[name], unquote(text)))
            except (t.TraitError, ValueError, LookupError) as error:
                raise ExplorerError(f"{name}={text}: {_allowed(states[name])}") from error
        return values

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict, dict]:
        """The widget, and its picture and words for a notebook that is opened without a kernel."""
        data, metadata = super()._repr_mimebundle_(**options)
        data["text/plain"] = self.describe()
        if not self.problem:
            picture = self.figure()
            data["image/png"] = base64.b64encode(picture.png()).decode("ascii")
        return data, metadata


def _in_style(figure: Callable[[Any], Picture]) -> Callable[[Any], Picture]:
    """`figure`, drawn in the course's look."""

    @wraps(figure)
    def styled(self: Any) -> Picture:
        from .picture import style

        with style():
            return figure(self)

    return styled


def example(states: dict[str, t.TraitType]) -> str:
    return ";".join(f"{name}={_as_text(trait.default())}" for name, trait in list(states.items())[:2])


def _control(trait: t.TraitType) -> dict[str, Any]:
    """What the page has to know of a trait to show a control for it."""
    tags = trait.metadata
    kinds = {t.Int: "int", t.Float: "float", t.Bool: "bool", t.Enum: "enum", t.List: "list", t.Unicode: "text"}
    control = {
        "kind": next(name for kind, name in kinds.items() if isinstance(trait, kind)), "label": tags["label"],
        "help": trait.help, "default": trait.default(), "detail": tags.get("detail", False),
    }  # fmt: skip
    if control["kind"] in ("int", "float"):
        control |= {"min": trait.min, "max": trait.max}
        control["step"] = tags.get("step", 1 if control["kind"] == "int" else (trait.max - trait.min) / 100)
    if control["kind"] == "enum":
        control |= {"values": list(trait.values), "names": [str(tags.get("names", {}).get(v, v)) for v in trait.values]}
    return control


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as the page writes it
    return quote(str(value), safe="!~*'(), ")


def _from_text(trait: t.TraitType, text: str) -> Any:
    if isinstance(trait, t.Unicode):
        return text
    text = text.strip()
    if isinstance(trait, t.Bool):
        return {"yes": True, "no": False, "true": True, "false": False}[text.lower()] if text else False
    if isinstance(trait, t.Int):
        return int(text)
    if isinstance(trait, t.Float):
        return float(text)
    if isinstance(trait, t.List):
        return [int(part) for part in text.split(",") if part]
    if isinstance(trait, t.Enum):
        return next((value for value in trait.values if str(value) == text or _same_number(value, text)), text)
    return text


def _same_number(value: Any, text: str) -> bool:
    try:
        return not isinstance(value, str) and float(value) == float(text)
    except (TypeError, ValueError):
        return False


def _allowed(trait: t.TraitType) -> str:
    if isinstance(trait, t.Enum):
        return f"expected one of {', '.join(map(str, trait.values))}"
    if isinstance(trait, t.Bool):
        return "expected yes or no"
    if isinstance(trait, t.Int | t.Float):
        return f"expected a {'whole ' * isinstance(trait, t.Int)}number from {trait.min:g} to {trait.max:g}"
    return "expected whole numbers with commas between them"
