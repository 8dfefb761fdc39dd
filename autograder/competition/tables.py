"""What the database holds. Times are seconds since 1970 in UTC, by the clock of the server alone."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import Double


class Base(DeclarativeBase):
    type_annotation_map = {float: Double, dict: JSON, bytes: LargeBinary, str: String(200)}  # noqa: RUF012
    metadata = MetaData(naming_convention={  # so that a migration can name what it changes
        "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})


class Person(Base):
    """A learner or an advisor, by the name under which they hand in."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    is_advisor: Mapped[bool] = mapped_column(default=False)


class Token(Base):
    """What a person shows instead of a password: only its hash is kept."""

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(20))  #: read, submit, advisor; or session, made of one of them
    made: Mapped[float]
    expires: Mapped[float]
    revoked: Mapped[float | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("tokens.id"))  #: of a session: the token that opened it
    person: Mapped[Person] = relationship(lazy="joined")


class Competition(Base):
    """What changed about a competition since its YAML was written."""

    __tablename__ = "competitions"
    name: Mapped[str] = mapped_column(primary_key=True)
    closed: Mapped[float | None]  #: by an advisor, before the deadline
    published: Mapped[float | None]  #: the private board
    version: Mapped[int] = mapped_column(default=0)  #: rises with everything that the board shows


class Team(Base):
    __tablename__ = "teams"
    __table_args__ = (UniqueConstraint("competition", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    competition: Mapped[str] = mapped_column(ForeignKey("competitions.name"))
    name: Mapped[str]
    key: Mapped[str]  #: the name as it is compared, so that no two look alike
    code: Mapped[str] = mapped_column(String(40), unique=True)  #: who knows it may join
    time_zone: Mapped[str] = mapped_column(String(60))
    notes: Mapped[str] = mapped_column(Text, default="")
    made: Mapped[float]
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    disqualified: Mapped[str | None] = mapped_column(Text)  #: the reason
    points: Mapped[float | None]  #: for the explanation, by an advisor
    comment: Mapped[str] = mapped_column(Text, default="")
    members: Mapped[list[Member]] = relationship(back_populates="team", order_by="Member.joined", lazy="selectin")


class Member(Base):
    """One person is in one team of a competition."""

    __tablename__ = "members"
    competition: Mapped[str] = mapped_column(ForeignKey("competitions.name"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    joined: Mapped[float]
    person: Mapped[Person] = relationship(lazy="joined")
    team: Mapped[Team] = relationship(back_populates="members")


class Upload(Base):
    """A file on its way: how much of it is there is the size of the file itself."""

    __tablename__ = "uploads"
    __table_args__ = (UniqueConstraint("competition", "person_id", "sha256"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    competition: Mapped[str] = mapped_column(ForeignKey("competitions.name"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    name: Mapped[str]
    made: Mapped[float]


class Entry(Base):
    """A file that was handed in. `state`: received, scored, or refused, which costs nothing."""

    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("team_id", "sha256"), Index(None, "competition", "state"),
        # what a board reads of thousands of entries, without their texts and statistics
        Index("ix_entries_ranked", "competition", "team_id", "at", "state", "improved", "shown", "public", "private", "final"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    competition: Mapped[str] = mapped_column(ForeignKey("competitions.name"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    at: Mapped[float]
    state: Mapped[str] = mapped_column(String(10), default="received")
    message: Mapped[str] = mapped_column(Text, default="")
    tried: Mapped[str] = mapped_column(Text, default="")
    learned: Mapped[str] = mapped_column(Text, default="")
    final: Mapped[bool] = mapped_column(default=False)
    public: Mapped[float | None]  #: what the file really scores: shown to nobody before the end
    private: Mapped[float | None]
    shown: Mapped[float | None]  #: what the Ladder lets out
    improved: Mapped[bool | None]
    units: Mapped[bytes | None] = mapped_column(deferred=True)  #: statistics of each unit, from which both scores come
    person: Mapped[Person] = relationship(lazy="joined")


class Event(Base):
    """The audit log: every line carries the hash of the line before, so that none can be taken out unseen."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    competition: Mapped[str] = mapped_column(index=True)
    at: Mapped[float]
    who: Mapped[str]
    what: Mapped[str] = mapped_column(String(40))
    details: Mapped[dict]
    chain: Mapped[str] = mapped_column(String(64))


class Message(Base):
    """An announcement, a question, or an answer to the question `about`."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    competition: Mapped[str] = mapped_column(ForeignKey("competitions.name"), index=True)
    at: Mapped[float]
    author: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    about: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    source: Mapped[str] = mapped_column(default="")  #: where it was imported from, "" if it was written here


class Delivery(Base):
    """A message on its way to a channel: tried again until it is there."""

    __tablename__ = "deliveries"
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)  #: the channel's name in competition.yaml
    tries: Mapped[int] = mapped_column(default=0)
    next: Mapped[float]
    done: Mapped[float | None]
    problem: Mapped[str] = mapped_column(Text, default="")
