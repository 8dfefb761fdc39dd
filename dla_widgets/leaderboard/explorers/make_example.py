"""Make ``example.json`` anew: the board of a competition that nobody held, for pages that no service stands behind.

Six teams of invented people work for six weeks, as in the Academy's first competition: a benchmark of 0.640, 22 to 25 entries
for each team, final scores from 0.735 to 0.778. What was let out rises in steps of the Ladder.

    python -m dla_widgets.leaderboard.explorers.make_example
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
DEADLINE, DAYS, DAY, STEP = datetime(2025, 7, 11, 16, tzinfo=UTC).timestamp(), 42, 86400, 0.005
#: team, its members, the score of its first and of its last file, how fast it learns [days], when it begins [day]
TEAMS = (
    ("Lorelei", ("Amara", "Jonas", "Mei"), 0.61, 0.778, 13, 1.2),
    ("Gradient Ascent", ("Felix", "Noor"), 0.66, 0.771, 9, 0.4),
    ("Overfit & Proud", ("Ana", "Tomasz", "Priya", "Ole"), 0.68, 0.764, 6, 0.8),
    ("Baseflow", ("Lena", "Kofi", "Ines"), 0.59, 0.752, 15, 2.1),
    ("Leaky Bucket", ("Sami", "Rosa"), 0.65, 0.747, 8, 3.0),
    ("Snowmelt", ("Yuki", "David", "Zofia"), 0.55, 0.735, 12, 5.6),
)
#: how far the public part of the basins flatters a team
FLATTERED = (-0.008, 0.009, 0.016, 0.004, -0.002, 0.005)


def history(first: float, last: float, pace: float, begins: float, count: int, rng: np.random.Generator) -> list[list]:
    """Day and score of the entries that climbed; the last one that does scores about `last`."""
    days = np.sort(np.r_[begins, rng.uniform(begins, DAYS - 0.3, count - 1)])
    learnt = last - (last - first) * np.exp(-(days - begins) / pace) + rng.normal(0, 0.006, count)
    climbed: list[list] = []
    for day, score in zip(days, np.minimum(learnt, last + STEP / 2), strict=True):
        shown = round(round(score / STEP) * STEP, 6)
        if not climbed or shown > climbed[-1][1]:
            climbed.append([day, shown])
    return climbed


def example() -> dict:
    """The board in the shape in which a service tells it, after the end."""
    rng = np.random.default_rng(640)
    rows = []
    for (name, members, first, last, pace, begins), flattered in zip(TEAMS, FLATTERED, strict=True):
        count = int(rng.integers(22, 26))
        climbed = history(first, last + flattered, pace, begins, count, rng)
        rows.append({"rank": None, "team": name, "members": list(members), "score": last, "entries": count,
                     "last": _iso(DAYS - float(rng.uniform(0.02, 0.3))), "kind": "team", "moved": 0, "note": "",
                     "history": [[_iso(day), score] for day, score in climbed]})  # fmt: skip
    day_before = _iso(DAYS - 1)
    stood = [[step for step in row["history"] if step[0] <= day_before][-1] for row in rows]
    public = sorted(range(len(rows)), key=lambda k: (-stood[k][1], stood[k][0]))
    for rank, row in enumerate(rows, 1):  # TEAMS are in the order of the final board
        row |= {"rank": rank, "moved": public.index(rank - 1) + 1 - rank}
    rows.append({"rank": None, "team": "Benchmark", "members": [], "score": 0.64, "entries": 0, "last": None,
                 "history": [[_iso(0), 0.64]], "kind": "benchmark", "moved": 0, "note": ""})  # fmt: skip
    return {"competition": "example", "title": "Streamflow, six weeks", "metric": "median NSE", "phase": "final",
            "final": True, "seconds_left": 0, "deadline": _iso(DAYS), "version": 1, "announcements": [],
            "rows": rows}  # fmt: skip


def _iso(day: float) -> str:
    """The time `day` days after the beginning."""
    at = DEADLINE - (DAYS - day) * DAY
    return datetime.fromtimestamp(round(at), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text() -> str:
    """The file: one line for each row."""
    board = example()
    lines = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in board.pop("rows"))
    return json.dumps(board, ensure_ascii=False)[:-1] + ', "rows": [\n ' + lines + "\n]}\n"


if __name__ == "__main__":
    (HERE / "example.json").write_text(text(), encoding="utf-8")
