"""What is sent and what is answered, as the service's OpenAPI documents it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

Text = Annotated[StrictStr, Field(max_length=50_000)]
Short = Annotated[StrictStr, Field(max_length=200)]
Number = Annotated[StrictInt, Field(ge=0, le=2**53)]
Id = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Nothing(_Sent):
    """``{}``"""


class NewTeam(_Sent):
    name: Short
    time_zone: Short = Field("UTC", description="in which a day of the team begins, such as Europe/Berlin")


class Code(_Sent):
    code: Short


class Notes(_Sent):
    text: Text


class Finals(_Sent):
    entries: list[Id] = Field(max_length=100)


class NewUpload(_Sent):
    sha256: Short
    size: Number = Field(description="of the whole file [byte]")
    name: Short


class Card(_Sent):
    tried: Text = ""
    learned: Text = ""


class NewEntry(Card):
    upload: Short


class NewMessage(_Sent):
    kind: Short = Field(description="question, answer, or an advisor's announcement")
    text: Text
    about: Id | None = Field(None, description="the question that an answer is about")


class Reason(_Sent):
    team: Short
    reason: Text | None = Field(description="null puts the team back into the ranking")


class Mark(_Sent):
    team: Short
    points: float = Field(ge=0, allow_inf_nan=False)
    comment: Text = ""


class Two(_Sent):
    first: Short
    second: Short


class Fault(BaseModel):
    """Why not, and what to do."""

    error: str
    offset: int | None = Field(None, description="of a misplaced piece: where the upload stands")


class Rules(BaseModel):
    name: str
    title: str
    about: str
    project: Literal["streamflow", "landcover", "table"]
    metric: str
    unit: str
    opens: str | None
    deadline: str
    phase: Literal["before", "open", "closed", "final"]
    seconds_left: int
    daily: int
    total: int
    team_size: int
    finals: int
    formats: list[str]
    max_bytes: int
    inputs_sha256: str
    points: float = Field(description="of the whole grade; half of them are for the explanation")


Moment = Annotated[list[Any], Field(min_length=2, max_length=2, description="a time, and the score from then on")]


class Row(BaseModel):
    rank: int | None
    team: str
    members: list[str]
    score: float | None
    entries: int
    last: str | None
    history: list[Moment] = Field(description="when the score rose, and to what")
    kind: Literal["team", "benchmark"]
    moved: int = Field(description="ranks won since a day ago")
    note: str


class Announcement(BaseModel):
    at: str
    author: str
    text: str


class Board(BaseModel):
    competition: str
    title: str
    metric: str
    phase: str
    seconds_left: int
    deadline: str
    version: int
    final: bool = Field(description="private scores, after the end")
    rows: list[Row]
    announcements: list[Announcement]


class Upload(BaseModel):
    id: str
    offset: int = Field(description="bytes that are here")
    size: int


class Entry(BaseModel):
    id: int
    team: str
    by: str
    name: str
    sha256: str
    size: int
    at: str
    state: Literal["received", "scored", "refused"]
    message: str
    score: float | None = Field(description="as far as the Ladder lets it out")
    improved: bool | None
    private: float | None = Field(description="after the end")
    final: bool
    tried: str
    learned: str
    receipt: str


class Team(BaseModel):
    name: str
    members: list[str]
    code: str
    notes: str
    time_zone: str
    left_today: int
    left_total: int
    resets_in: int = Field(description="seconds until the team's next day")
    score: float | None
    rank: int | None
    gap: float | None = Field(description="to the team above")
    disqualified: str | None
    entries: list[Entry]


class TeamCard(BaseModel):
    team: str
    at: str
    score: float | None
    tried: str
    learned: str


class Message(BaseModel):
    id: int
    at: str
    author: str
    kind: str
    text: str
    about: int | None


class Me(BaseModel):
    name: str
    scope: str
    teams: dict[str, str]


class NewCode(BaseModel):
    code: str


class AdvisorsView(BaseModel):
    model_config = ConfigDict(extra="allow")
    teams: list[dict[str, Any]]
    without_team: list[str]
    not_submitted: list[str]
    over_time: list[Moment]
    flags: list[dict[str, Any]]
    queue: int


class Line(BaseModel):
    id: int
    at: str
    who: str
    what: str
    details: dict[str, Any]


#: what may be answered in place of the answer
FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": Fault} for status in (401, 403, 404, 408, 409, 413, 422, 429, 503, 507)}  # fmt: skip
