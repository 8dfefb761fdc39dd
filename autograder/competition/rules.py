"""The rules of a competition: one YAML file, read strictly, every fault a sentence with its place."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dla_widgets.errors import CourseError

FILE = "competition.yaml"

#: project -> the kinds of file that may be handed in
FORMATS = {
    "streamflow": (".csv", ".parquet", ".nc"),
    "landcover": (".npz", ".zip", ".tif"),
    "table": (".csv", ".parquet"),
}


class RulesError(CourseError):
    """A competition cannot be run like this; the message says which line of its file to change."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Truth(_Strict):
    """Where the held-out truth comes from: a file, or a secret seed from which basins or scenes are simulated."""

    file: str | None = None
    seed: str | None = Field(None, description="file that holds the seed; `autograder competition new` draws one")
    count: int | None = Field(None, ge=8, le=2000, description="how many basins or scenes are simulated")

    @model_validator(mode="after")
    def _one_of_them(self) -> Truth:
        if (self.file is None) == (self.seed is None):
            raise ValueError("say either file or seed")
        return self


class Split(_Strict):
    """Which part is scored in public. By basin or by block of pixels, never by row: neighbouring rows tell of each other."""

    public: float = Field(0.4, ge=0.1, le=0.9)
    block: int = Field(64, ge=8, description="side of a block of pixels")


class Benchmark(_Strict):
    name: str = Field(min_length=1, max_length=60)
    file: str


class Channel(_Strict):
    """A channel of Teams or Slack; its address is a secret and stands in a file of its own."""

    kind: Literal["teams", "slack"]
    url_file: str


class Grade(_Strict):
    """Half of the grade is the score: `at_benchmark` of that half for the benchmark's, all of it for the best."""

    points: float = Field(100, gt=0)
    at_benchmark: float = Field(0.5, ge=0, lt=1)


class Rules(_Strict):
    """What `competition.yaml` says."""

    name: str
    title: str = Field(min_length=1, max_length=120)
    about: str = Field("", max_length=4000)
    project: Literal["streamflow", "landcover", "table"]
    metric: str
    opens: AwareDatetime | None = None
    deadline: AwareDatetime
    daily: int = Field(5, ge=1, le=1000)
    total: int = Field(100, ge=1, le=10_000)
    team_size: int = Field(4, ge=1, le=100)
    finals: int = Field(2, ge=1, le=10)
    publish: Literal["advisor", "deadline"] = "advisor"
    truth: Truth
    split: Split = Split()
    benchmarks: tuple[Benchmark, ...] = ()
    channels: dict[str, Channel] = Field(default_factory=dict)
    grade: Grade = Grade()
    keys: tuple[str, ...] = Field((), description="table: the columns that say which row it is")
    value: str = Field("", description="table: the column that is predicted")
    unit: str = Field("", description="table: the column by which rows are split and scored, such as the basin")

    @field_validator("name")
    @classmethod
    def _fits_an_address(cls, name: str) -> str:
        if not re.fullmatch("[a-z0-9][a-z0-9-]{1,48}", name):
            raise ValueError(f"{name[:60]!r} cannot stand in an address; use 2 to 49 of a-z, 0-9 and -, such as rivers-2026")
        return name

    @field_validator("metric")
    @classmethod
    def _known_metric(cls, name: str) -> str:
        from .metrics import METRICS

        if name not in METRICS:
            raise ValueError(f"there is no metric {name!r}; there are {', '.join(METRICS)}")
        return name

    @model_validator(mode="after")
    def _belongs_together(self) -> Rules:
        from .metrics import METRICS

        if self.opens and self.opens >= self.deadline:
            raise ValueError(f"opens ({self.opens}) is not before the deadline ({self.deadline})")
        if self.project == "table" and not (self.keys and self.value and self.unit in self.keys):
            raise ValueError("a table needs keys, value, and a unit that is one of the keys")
        if self.project == "table" and not self.truth.file:
            raise ValueError("a table's truth is a file, not a seed")
        if self.daily > self.total:
            raise ValueError(f"daily ({self.daily}) is more than total ({self.total})")
        of_classes = METRICS[self.metric].of_classes
        if self.project != "table" and of_classes != (self.project == "landcover"):
            raise ValueError(f"{self.metric} is no metric for {self.project}")
        return self

    @property
    def formats(self) -> tuple[str, ...]:
        return FORMATS[self.project]


def read_rules(folder: Path) -> Rules:
    """The rules of the competition in `folder`.

    Raises
    ------
    RulesError : there is no such file, it is no YAML, or it says something that is not understood
    """
    path = Path(folder) / FILE
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RulesError(f"{folder} is no competition: it has no {FILE}; `autograder competition new` makes one") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RulesError(f"{path} is no YAML: {error}") from None
    if not isinstance(said, dict):
        raise RulesError(f"{path}: expected lines such as `name: streamflow-2026`, found {type(said).__name__}")
    try:
        return Rules(**said)
    except ValidationError as error:
        raise RulesError(f"{path}: " + "; ".join(_sentence(each) for each in error.errors())) from None


def _sentence(fault: dict) -> str:
    known = {name for kind in (Rules, Truth, Split, Benchmark, Channel, Grade) for name in kind.model_fields}
    place = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(str(fault["loc"][-1]), known, n=1)
        return f"{place} is not known" + (f"; did you mean {near[0]}?" if near else "")
    if fault["type"] == "missing":
        return f"{place} is missing"
    if fault["type"] == "timezone_aware":
        return f"{place}: the time needs a zone, such as 2026-03-28T18:00:00+01:00"
    return f"{place}: " * bool(place) + fault["msg"].removeprefix("Value error, ")


def time_zone(name: str) -> ZoneInfo:
    """The time zone called `name`.

    Raises
    ------
    RulesError : there is none
    """
    try:
        if not re.fullmatch(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*", name):
            raise ValueError
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise RulesError(f"there is no time zone {name[:40]!r}; write it as Europe/Berlin or UTC") from None


#: Letters that nobody sees, though Unicode counts them among those that are seen; and variation selectors, which change a glyph.
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xE0100, 0xE01F0)))
VARIANTS = dict.fromkeys(range(0xFE00, 0xFE10))


def team_name(text: str) -> tuple[str, str]:
    """A team's name as it is shown, and as it is compared: names that look alike are one name.

    Raises
    ------
    RulesError : it is empty, too long, or holds characters that cannot be seen or turn the line round
    """
    name = " ".join(unicodedata.normalize("NFC", text.translate(VARIANTS)).split())
    if not 2 <= len(name) <= 40:
        raise RulesError(f"a team's name has 2 to 40 characters; this has {len(name)}")
    if strange := [letter for letter in name if unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cn", "Cs")
                   or letter in UNSEEN]:  # fmt: skip
        raise RulesError(f"a team's name holds letters that can be seen; this has U+{ord(strange[0]):04X}; emoji that are "
                         "made of several have such, and names copied from a page")
    if not any(letter.isalnum() for letter in name):
        raise RulesError("a team's name has a letter or a digit in it")
    stacked = "".join("^" if unicodedata.combining(letter) else " " for letter in unicodedata.normalize("NFD", name))
    if "^^^" in stacked:
        raise RulesError("a team's name has at most two accents on a letter")
    return name, unicodedata.normalize("NFKC", name).casefold().replace(" ", "").replace("i\u0307", "i")


def iso(seconds: float) -> str:
    """A time as it is told: ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
