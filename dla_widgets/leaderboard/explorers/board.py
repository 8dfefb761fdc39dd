"""The board of a competition in the notebook: it follows what happens, and can be wound back day by day."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ... import accounts
from ...panels.explorer import Explorer, Preset, bundle
from ..client import KEPT, Leaderboard
from . import standing
from .standing import BoardError
from .watch import Watch

if TYPE_CHECKING:
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
NOTHING = {"title": "The leaderboard", "metric": "", "phase": "", "deadline": 0.0, "final": False, "rows": [], "said": []}
#: the team that the example takes you for
EXAMPLES_TEAM = "Baseflow"
#: how often a page says that it still shows the board [s]
SIGN_OF_LIFE = 60


class BoardExplorer(Explorer):
    """Who leads, who climbed, how far the next one is; drag the day to see the competition again.

    Parameters
    ----------
    contest : a competition as `Leaderboard.competition` returns it, or the dictionary that its ``board()`` returned. Left out,
        it is the competition of whoever is signed in (``dla board``), and a recorded example for everybody else
    refresh : seconds between two looks at the service, while a page shows the board

    Raises nothing: a service that does not answer is a sentence in the frame, and is asked again.
    """

    _esm = bundle(HERE / "board.js")
    title = "The board"

    day = t.Int(0, min=-400, max=0, help="days before now: the board as it stood then").tag(sync=True, label="As it stood")
    rows = t.Enum(("all", "top", "around"), "all", help="the rows that are listed").tag(
        sync=True, label="Rows", names={"all": "All", "top": "Top ten", "around": "Around my team"})  # fmt: skip

    words = "{said}"
    presets = (
        Preset("now", "", "The board as it is now, or as it ended. Who leads, and by how much?",
               "In the example the final board: Lorelei wins with 0.778, and was third in public the day before."),
        Preset("day_before", "day=-1", "A day earlier. Who moved since then, and why?",
               "In the example two teams lead with 0.780 in public; on basins that nobody had seen they keep 0.771 and 0.764."),
        Preset("week_before", "day=-7", "A week earlier. Who still had a leap before them?",
               "In the example Lorelei was at 0.760 and Baseflow at 0.730; the leaders had stopped climbing."),
        Preset("first_day", "day=-400", "The first day on which somebody had a score. Who was above the benchmark at once?",
               "The steps of the first days are the largest: a first working model beats every later refinement."),
        Preset("my_team", "rows=around", "The rows around your own team: who is next, and how far is it?",
               "In the example you are in Baseflow, 0.012 behind the next."),
    )  # fmt: skip

    def load(self, contest: Any = None, refresh: float = 10.0) -> None:
        self._watch: Watch | None = None
        self._board: dict[str, Any] = {}  # what is shown, with the histories
        if not isinstance(refresh, int | float) or not refresh >= 1:
            raise BoardError(f"refresh is a number of seconds, 1 or more; received {refresh!r}")
        if contest is None and not _signed_in():
            self._take(json.loads((HERE / "example.json").read_text(encoding="utf-8")), you=EXAMPLES_TEAM, example=True)
        elif contest is None or callable(getattr(contest, "board", None)):
            self._tell(NOTHING | {"you": None, "example": False, "live": SIGN_OF_LIFE}, 0.0)
            found = (lambda: contest) if contest else (lambda: Leaderboard.remembered().competition())
            self._watch = Watch(found, refresh, lambda board, now, you: self._take(board, now, you, live=SIGN_OF_LIFE),
                                lambda sentence: self.set_trait("notice", sentence))  # fmt: skip
            self._watch.first()
            self.on_msg(self._heard)
        else:
            self._take(contest)

    def _take(self, board: Any, now: float | None = None, you: str | None = None, example: bool = False, live: int = 0) -> None:
        """Show a board; what did not change is not sent again."""
        read = standing.read(board) | {"you": you, "example": example, "live": live}
        self._tell(read, min(read["deadline"], read["deadline"] - float(board["seconds_left"]) if now is None else now))

    def _tell(self, board: dict[str, Any], now: float) -> None:
        with self.hold_sync():
            if board != self._board:
                self._board, self.data = board, standing.wire(board)
            self.result = {"now": now}

    def _heard(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """A page says that it shows the board, or that it shows it no longer."""
        if self._watch and isinstance(content, dict) and "shown" in content:
            self._watch.shown() if content["shown"] else self._watch.shown(1.5 * SIGN_OF_LIFE)

    def close(self) -> None:
        if watch := getattr(self, "_watch", None):
            watch.stop()
        super().close()

    # the present state

    @property
    def _wound(self) -> int:
        """The day, not before the first one."""
        return max(self.day, -standing.days(self._board, self.result["now"]))

    @property
    def _until(self) -> float:
        return self.result["now"] + self._wound * standing.DAY

    def _lines(self) -> list[dict[str, Any]]:
        return standing.lines(self._board, self._until, self._wound < 0, self._board["you"])

    def numbers(self) -> dict[str, Any]:
        data, rows, day = self._board, self._lines(), self._wound
        if not data["phase"]:
            return {"said": "There is no board to show yet."}
        running = not day and not standing.ended(data)
        found = {f"{name}.{row['team']}": text for row in standing.visible(rows, self.rows)
                 for name, text in standing.cells(row, self._until, day < 0, running).items()}  # fmt: skip
        ranked = [row for row in rows if row["rank"]]
        mine = next((row for row in ranked if row["you"]), None)
        said = standing.said(data, rows, day, self.result["now"], self.rows, data["you"])
        return found | {
            "said": ("This is an example with invented teams. " if data["example"] else "") + said,
            "when": standing.when(data, day, self.result["now"]),
            "leader": ranked[0]["team"] if ranked else standing.NONE,
            "you.rank": f"{mine['rank']} of {len(ranked)}" if mine else standing.NONE,
            "you.gap": standing.written(mine and mine["gap"]),
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        """The board as it is shown: one line for each row."""
        import pandas as pd

        rows = standing.visible(self._lines(), self.rows)
        return pd.DataFrame({
            "rank": pd.array([row["rank"] for row in rows], dtype="Int64"), "team": [row["team"] for row in rows],
            "members": [", ".join(row["members"]) for row in rows], "score": [row["score"] for row in rows],
            "gap": [row["gap"] for row in rows], "entries": [row["entries"] for row in rows],
            "last": pd.to_datetime([row["last"] for row in rows], unit="s", utc=True), "moved": [row["moved"] for row in rows],
            "note": [row["note"] for row in rows],
        })  # fmt: skip

    def figure(self) -> Picture:
        """The teams' best scores over time, up to the day shown."""
        from matplotlib.dates import ConciseDateFormatter

        from ...panels.picture import CYCLE, OKABE_ITO, Picture

        picture = Picture(8, 3.6, alt=self.describe())
        ax, until = picture.subplots(), self._until
        ranked = [row for row in self._lines() if row["rank"]]
        names, you = [row["team"] for row in self._board["rows"] if row["rank"]], self._board["you"]
        if you in names[len(CYCLE) :]:
            names[len(CYCLE) - 1] = you  # whoever looks at it always has a colour
        colours = dict(zip(names, CYCLE))  # the same on every day
        for row in ranked:
            steps = [(at, score) for at, score in row["history"] if at <= until]
            if not steps or row["team"] not in colours:
                continue
            at, score = zip(*steps, (until, steps[-1][1]))
            ax.step(np.array(np.array(at) * 1e3, "datetime64[ms]"), score, where="post", color=colours[row["team"]],
                    linewidth=2.6 if row["you"] else 1.4, label=row["team"] + " (you)" * row["you"])  # fmt: skip
        for row in self._lines():
            if row["kind"] == "benchmark":
                ax.axhline(row["score"], color=OKABE_ITO["black"], linestyle=":", label=row["team"])
        ax.set(ylabel=self.data["metric"] or "score", title=self.data["title"])
        ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
        if ax.get_legend_handles_labels()[1]:
            ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return picture


def _signed_in() -> bool:
    """Whether this machine is set up for a leaderboard."""
    return bool(os.environ.get("DLA_BOARD") or accounts.remembered(KEPT)[0])
