"""The board and a team in a terminal, within 80 columns. What people wrote is shown as it is, never as markup."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .times import since, span

NONE, BARS = "\N{EN DASH}", "▁▂▃▄▅▆▇█"
SCORE = "{:.3f}"
LOOK = {"box": SIMPLE_HEAD, "padding": (0, 1, 0, 0), "show_edge": False, "expand": True}

#: Columns of the board, and those that a narrow window goes without, the first of them first.
COLUMNS, SPARE = ("#", "", "Team", "Score", "Gap", "Sent", "Last", "Climbs"), ("Climbs", "", "Last", "Sent", "Gap")
NUMBERS = ("#", "Score", "Gap", "Sent")
NAME = 14  #: letters of a team's name for which such a column goes

#: Entries of a team, and rows of a board, that fit a screen.
ENTRIES = 20


def board_table(board: dict[str, Any], own: str | None, width: int = 80) -> RenderableType:
    """The board, with the team called `own` marked; no number is cut, however narrow."""
    rows, styles, above = [], [], None
    for row in board["rows"]:
        here = row["kind"] == "team" and row["team"] == own
        styles.append("bold" if here else "italic" if row["kind"] == "benchmark" else "")
        score = row["score"]
        gap = NONE if above is None or not row["rank"] else SCORE.format(score - above).replace("-0.000", "0.000")
        rows.append((f"{row['rank'] or NONE:>3}", _moved(row["moved"]), _name(row, here), *_cells(row, gap)))
        above = score if row["rank"] else above
    columns = {name: cells for name, *cells in zip(COLUMNS, *rows)}
    least = {name: max(cell_len(str(cell)) for cell in (name, *cells)) for name, cells in columns.items()} | {"Team": NAME}
    for name in SPARE:
        if sum(least.values()) + 2 * len(least) - 1 > width:  # with what is between them
            del least[name]
    table = Table(**LOOK)
    for name, at_least in least.items():
        room = {"overflow": "ellipsis", "ratio": 1} if name == "Team" else {"min_width": at_least}
        table.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=True, **room)
    for style, *cells in zip(styles, *(columns[name] for name in least)):
        table.add_row(*cells, style=style)
    return Group(Text(f"{board['title']} · {board['metric']} · {_phase(board)}\n", "bold"), table, Text(), *_below(board, own))


def _cells(row: dict[str, Any], gap: str) -> list[str]:
    score = NONE if row["score"] is None else SCORE.format(row["score"])
    if row["kind"] == "benchmark":
        return [score, "", "", "", ""]
    return [score, gap, str(row["entries"]), since(row["last"]) if row["last"] else NONE, _climbs(row["history"])]


def _name(row: dict[str, Any], here: bool) -> Text:
    note = f" ({row['note']})" if row["note"] else " (to beat)" if row["kind"] == "benchmark" else ""
    return Text("→ " * here + row["team"] + note)


def _moved(ranks: int) -> str:
    return f"▲{ranks}" if ranks > 0 else f"▼{-ranks}" if ranks < 0 else ""


def _climbs(history: list[list]) -> str:
    """The last scores that rose, as bars from the team's first to its best."""
    scores = [score for _, score in history]
    low, high = min(scores, default=0), max(scores, default=0)
    return "".join(BARS[round(7 * (score - low) / (high - low))] if high > low else BARS[3] for score in scores[-8:])


def _phase(board: dict[str, Any]) -> str:
    return {
        "before": "not open yet",
        "open": f"open for another {span(board['seconds_left'])}",
        "closed": "ended; the private scores are not published yet",
        "final": "ended; the final board, by the private scores",
    }[board["phase"]]


def _below(board: dict[str, Any], own: str | None) -> list[Text]:
    """Where the own team stands, and what was announced last."""
    said = []
    teams = [row for row in board["rows"] if row["rank"]]
    mine = next((row for row in board["rows"] if row["kind"] == "team" and row["team"] == own), None)
    if own is None and board["phase"] in ("before", "open"):
        said.append(Text("You are in no team: dla team make NAME, or dla team join CODE."))
    elif own is None:
        pass
    elif mine and mine["note"]:
        said.append(Text(f"You are {own}, {mine['note']}."))
    elif mine is None or not mine["rank"]:
        said.append(Text(f"You are {own}, without a score yet: dla submit FILE."))
    elif mine["rank"] == 1:
        said.append(Text(f"You are {own}, the first of {len(teams)}."))
    else:
        ahead = teams[mine["rank"] - 2]
        gap = SCORE.format(ahead["score"] - mine["score"])
        said.append(Text(f"You are {own}, {mine['rank']} of {len(teams)}, {gap} behind {ahead['team']}."))
    said += [Text(f"{one['author']}, {since(one['at'])}: {one['text']}") for one in board["announcements"][:1]]
    return said


def team_view(team: dict[str, Any], rules: dict[str, Any]) -> RenderableType:
    """A team as its members see it."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True, style="bold")
    facts.add_column(overflow="fold")
    for name, value in (
        ("Team", team["name"]),
        ("Members", ", ".join(team["members"])),
        ("Code", f"{grouped(team['code'])}   whoever has it can join: dla team join CODE"),
        ("Standing", f"disqualified: {team['disqualified']}" if team["disqualified"] else _standing(team)),
        ("Left", left_says(team, rules)),
        ("Notes", team["notes"] or "none yet: dla team notes --edit"),
    ):
        facts.add_row(name, Text(value))
    head = Text(f"{rules['title']} · {rules['metric']} · {_phase(rules)}\n", "bold")
    entries = _entries(team["entries"], rules) if team["entries"] else Text("No entries yet: dla submit FILE.")
    return Group(head, facts, Text(), entries)


def _standing(team: dict[str, Any]) -> str:
    if team["rank"] is None:
        return "no score yet"
    gap = "" if team["gap"] is None else f", {SCORE.format(team['gap'])} behind the next"
    return f"rank {team['rank']} with {SCORE.format(team['score'])}{gap}"


def _entries(entries: list[dict[str, Any]], rules: dict[str, Any]) -> RenderableType:
    over = any(one["private"] is not None for one in entries)
    table = Table(**LOOK)
    table.add_column("Entry", justify="right", no_wrap=True)
    table.add_column("File", no_wrap=True, overflow="ellipsis", max_width=20)
    table.add_column("By", no_wrap=True, overflow="ellipsis", max_width=10)
    table.add_column("When", no_wrap=True)
    table.add_column("Board", justify="right", no_wrap=True)
    if over:
        table.add_column("Private", justify="right", no_wrap=True)
    table.add_column("What", overflow="ellipsis", no_wrap=True, ratio=1, min_width=10)
    for one in entries[-ENTRIES:]:
        private = [NONE if one["private"] is None else SCORE.format(one["private"])] if over else []
        table.add_row(str(one["id"]), Text(one["name"]), Text(one["by"]), since(one["at"]), _shown(one), *private, _what(one))
    earlier = len(entries) - ENTRIES
    more = [Text(f"{earlier} earlier entries are not listed.")] if earlier > 0 else []
    refused = [Text(f"Entry {one['id']}: {one['message']}") for one in entries[-3:] if one["state"] == "refused"]
    finals = [] if any(one["final"] for one in entries) or rules["phase"] != "open" else [
        Text(f"Your best {rules['finals']} count in the end; choose others: dla team finals ENTRY ...")]  # fmt: skip
    return Group(table, Text(), *more, *refused, *finals)


def _shown(entry: dict[str, Any]) -> str:
    if entry["state"] != "scored":
        return {"received": "waits", "refused": "refused"}[entry["state"]]
    return f"▲ {SCORE.format(entry['score'])}" if entry["improved"] else "no climb"


def _what(entry: dict[str, Any]) -> Text:
    return Text("★ final  " * entry["final"] + " ".join(entry["tried"].split()))


def entry_says(entry: dict[str, Any], is_new: bool = True) -> str:
    """What became of an entry, now or when the file was handed in first."""
    if entry["state"] == "received":
        return "It has no score yet; later: dla team show"
    if entry["state"] == "refused":
        return f"Refused, and it cost nothing: {entry['message']}"
    if entry["improved"] and is_new:
        return f"▲ {SCORE.format(entry['score'])}: the best of your team so far."
    if not is_new:
        return f"It scored {SCORE.format(entry['score'])} then." if entry["improved"] else "It did not climb then."
    return (f"No climb: it is not clearly better than your best, and the board stays at {SCORE.format(entry['score'])}. By how "
            "much is not told, so that nobody can feel their way to the held-out truth.")  # fmt: skip


def left_says(team: dict[str, Any], rules: dict[str, Any]) -> str:
    """How many entries are left."""
    if rules["phase"] != "open":
        return f"the competition is {_phase(rules)}"
    today = f"{team['left_today']} of {rules['daily']} entries today, {team['left_total']} of {rules['total']} in all"
    return f"{today}; a new day begins in {span(team['resets_in'])} ({team['time_zone']})"


def grouped(code: str) -> str:
    """
    >>> grouped("ABCDEFGHJKLM")
    'ABCD-EFGH-JKLM'
    """
    return "-".join(code[k : k + 4] for k in range(0, len(code), 4))
