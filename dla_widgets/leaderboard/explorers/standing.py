"""Who stands where at a moment: from the histories that the board tells. ``board.js`` has the same functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from ...errors import CourseError
from ...panels.explorer import say
from ..times import ago, span

DAY = 86400.0
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: how many teams "top" shows, and how many rows on each side of the own one "around" shows
TOP, AROUND = 10, 3
NONE = "\N{EN DASH}"
SCORE = ".3f"


class BoardError(CourseError):
    """This is no board that can be shown."""


def read(board: Any) -> dict[str, Any]:
    """A board as the service tells it, its times as seconds since 1970.

    Raises
    ------
    BoardError : something of it is missing or is not what it should be
    """
    try:
        rows = [{"rank": row["rank"], "team": str(row["team"]), "members": [str(name) for name in row["members"]],
                 "score": None if row["score"] is None else float(row["score"]), "entries": int(row["entries"]),
                 "last": seconds(row["last"]), "kind": str(row["kind"]), "moved": int(row["moved"]), "note": str(row["note"]),
                 "history": [[seconds(at), float(score)] for at, score in row["history"]]} for row in board["rows"]]  # fmt: skip
        said = [{"at": seconds(one["at"]), "author": str(one["author"]), "text": str(one["text"])}
                for one in board["announcements"][:1]]  # fmt: skip
        return {"title": str(board["title"]), "metric": str(board["metric"]), "phase": str(board["phase"]),
                "deadline": seconds(board["deadline"]), "final": bool(board["final"]), "rows": rows, "said": said}  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as fault:
        raise BoardError(
            "a board is a dictionary with title, metric, phase, deadline, rows and announcements, as contest.board() returns "
            f"it; received {type(board).__name__}" + f" ({type(fault).__name__}: {fault})" * isinstance(board, dict)
        ) from None


def wire(board: dict[str, Any]) -> dict[str, Any]:
    """A board as the page gets it: all histories in one array of row, time and score."""
    climbs = [(k, at, score) for k, row in enumerate(board["rows"]) for at, score in row["history"]]
    rows = [{name: value for name, value in row.items() if name != "history"} for row in board["rows"]]
    return board | {"rows": rows, "climbs": np.array(climbs, "float64") if climbs else []}  # an empty array has no bytes to send


def seconds(text: str | None) -> float | None:
    """A time in ISO 8601 as seconds since 1970."""
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def days(data: dict[str, Any], now: float) -> int:
    """How many days the board can be wound back to: to the first on which somebody had a score."""
    first = min((at for row in data["rows"] if row["kind"] == "team" for at, _ in row["history"]), default=now)
    return max(0, int((now - first) // DAY))


def ended(data: dict[str, Any]) -> bool:
    return data["phase"] in ("closed", "final")


def lines(data: dict[str, Any], until: float, past: bool, you: str | None) -> list[dict[str, Any]]:
    """The rows of the board at the time `until`, in their order; of what is `past` only the histories tell."""
    rows = _then(data, until) if past else [dict(row) for row in data["rows"]]
    before = {row["team"]: rank for rank, (row, _) in enumerate(_ranking(data["rows"], until - DAY), 1)}
    above = None
    for row in rows:
        was = before.get(row["team"])
        row["moved"] = (was - row["rank"] if was and row["rank"] else 0) if past else row["moved"]
        row["fresh"] = bool(row["rank"]) and was is None
        row["gap"] = above - row["score"] if row["rank"] and above is not None else None
        row["you"] = you is not None and row["kind"] == "team" and row["team"] == you
        above = row["score"] if row["rank"] else above
    return rows


def visible(rows: list[dict[str, Any]], show: str) -> list[dict[str, Any]]:
    """The rows that are shown: ``all``, ``top`` (down to the tenth team) or ``around`` the own team."""
    if show == "around":
        at = next((k for k, row in enumerate(rows) if row["you"]), None)
        if at is not None:
            return rows[max(0, at - AROUND) : at + AROUND + 1]
    if show == "all":
        return rows
    ranked = [k for k, row in enumerate(rows) if row["rank"]]
    return rows if len(ranked) <= TOP else rows[: ranked[TOP - 1] + 1]


def cells(row: dict[str, Any], until: float, past: bool, running: bool) -> dict[str, str]:
    """What the columns of a row say; while the competition is `running`, times are told from now."""
    fresh, moved = row["fresh"], row["moved"]
    steps = [score for at, score in row["history"] if at <= until]
    team = row["kind"] == "team"
    climbs = written(steps[0]) if team and steps else "no steps"
    if team and len(steps) > 1:
        climbs = f"climbed {len(steps)} times, from {written(min(steps))} to {written(max(steps))}"
    return {
        "rank": say(row["rank"], "d") if row["rank"] else NONE,
        "score": written(row["score"]),
        "gap": written(row["gap"]),
        "entries": say(row["entries"], "d") if team and not past else NONE,
        "last": NONE if row["last"] is None else ago(until - row["last"]) if running else date(row["last"])[:-5],
        "moved": "new" if fresh else f"up {moved}" if moved > 0 else f"down {-moved}" if moved < 0 else NONE,
        "climbs": climbs,
    }  # fmt: skip


def written(score: float | None) -> str:
    return NONE if score is None else say(score, SCORE)


def when(data: dict[str, Any], day: int, now: float) -> str:
    """The phase, or the day that is shown, in two or three words."""
    if day:
        return date(now + day * DAY)
    left = f"{span(data['deadline'] - now)} left"
    return {"before": "not open yet", "open": left, "closed": "closed", "final": "final board"}.get(data["phase"], "")


def said(data: dict[str, Any], rows: list[dict[str, Any]], day: int, now: float, show: str, you: str | None) -> str:
    """The board in sentences."""
    ranked = [row for row in rows if row["rank"]]
    until = now + day * DAY
    shaken = data["final"] and not day
    parts = [f"{data['title']}, {data['metric']}.", _phase(data, day, now, until), _lead(ranked)]
    parts += [f"{say(sum(row['score'] > one['score'] for row in ranked), 'd')} of {len(ranked)} beat "
              f"{one['team']} ({say(one['score'], SCORE)})." for one in rows if one["kind"] == "benchmark"]  # fmt: skip
    return " ".join(filter(None, [*parts, _here(rows, ranked, you), _moves(ranked, shaken), _shown(rows, show)]))


def distance(gap: float, which_way: str) -> str:
    text = say(gap, SCORE)
    return "level with" if text == say(0.0, SCORE) else f"{text} {which_way}"


def date(at: float) -> str:
    """
    >>> date(0)
    '1 Jan 1970'
    """
    day = datetime.fromtimestamp(at, UTC)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


# ---- inside


def _best(row: dict[str, Any], until: float) -> tuple[float, float] | None:
    """Score and time of the best that was let out by then; the earlier of two that are equal."""
    best = None
    for at, score in row["history"]:
        if at <= until and (best is None or score > best[0]):
            best = (score, at)
    return best


def _ranking(rows: list[dict[str, Any]], until: float) -> list[tuple[dict[str, Any], tuple[float, float]]]:
    found = [(row, _best(row, until)) for row in rows if row["kind"] == "team" and not row["note"]]
    return sorted(((row, best) for row, best in found if best), key=lambda one: (-one[1][0], one[1][1]))


def _then(data: dict[str, Any], until: float) -> list[dict[str, Any]]:
    order = _ranking(data["rows"], until)
    rows = [row | {"rank": rank, "score": best[0], "last": best[1]} for rank, (row, best) in enumerate(order, 1)]
    there = {row["team"] for row in rows}
    for row in data["rows"]:
        if row["kind"] == "benchmark" and (row["history"] or not data["final"]):  # a private score says nothing of that day
            rows.append(row | {"score": row["history"][0][1] if row["history"] else row["score"]})
    rows.sort(key=lambda row: (-row["score"], row["kind"] == "team"))  # a team is above a benchmark only if it beat it
    rest = [row for row in data["rows"] if row["kind"] == "team" and row["team"] not in there]
    return rows + [row | {"rank": None, "score": None, "last": None} for row in rest]


def _phase(data: dict[str, Any], day: int, now: float, until: float) -> str:
    if day:
        before = "before the end" if ended(data) else "ago"
        return f"The board as it stood on {date(until)}, {-day} day{'s' * (day < -1)} {before}."
    if data["phase"] == "open":
        return f"It is open for another {span(data['deadline'] - now)}."
    return {"before": "It has not opened yet.", "closed": "It has ended; the private scores are not published yet.",
            "final": "It has ended; this is the final board, by the private scores."}.get(data["phase"], "")  # fmt: skip


def _lead(ranked: list[dict[str, Any]]) -> str:
    if not ranked:
        return "Nobody has a score yet."
    best, score = ranked[0]["team"], say(ranked[0]["score"], SCORE)
    if len(ranked) == 1:
        return f"{best} alone has a score: {score}."
    return f"{best} leads {len(ranked)} teams with {score}, {distance(ranked[1]['gap'], 'ahead of')} {ranked[1]['team']}."


def _here(rows: list[dict[str, Any]], ranked: list[dict[str, Any]], you: str | None) -> str:
    mine = next((row for row in rows if row["you"]), None)
    if mine is None:
        return ""
    if not mine["rank"]:
        return f"You are here: {you}, {mine['note'] or 'without a score'}."
    if mine["rank"] == 1:
        return f"You are here: {you}, in the lead."
    ahead = ranked[mine["rank"] - 2]["team"]
    return (f"You are here: {you}, rank {mine['rank']} of {len(ranked)} with {say(mine['score'], SCORE)}, "
            f"{distance(mine['gap'], 'behind')} {ahead}.")  # fmt: skip


def _moves(ranked: list[dict[str, Any]], shaken: bool) -> str:
    moved = [f"{row['team']} is new" if row["fresh"] else
             f"{row['team']} {'up' if row['moved'] > 0 else 'down'} {abs(row['moved'])}"
             for row in ranked if row["moved"] or row["fresh"]]  # fmt: skip
    if not ranked:
        return ""
    more = f" and {len(moved) - 3} more" if len(moved) > 3 else ""
    since = "Against the public board" if shaken else "Since the day before"
    return f"{since}: {', '.join(moved[:3])}{more}." if moved else f"{since} nobody has moved."


def _shown(rows: list[dict[str, Any]], show: str) -> str:
    if show == "around" and any(row["you"] for row in rows):
        return "The rows around your team are listed."
    return "All rows are listed." if show == "all" else f"The first {TOP} teams are listed."
