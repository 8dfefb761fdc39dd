"""Both competitions from end to end: three teams, from the notebooks of the last lessons to the grades."""

import os
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import nbformat
import numpy as np
import pandas as pd
import pytest
import requests
import yaml
from board_server import serving
from lesson_runs import COMPETITIONS, judge, run

from autograder.competition.making import make, new
from autograder.notebooks import solution
from dla_widgets import Leaderboard

pytestmark = pytest.mark.timeout(500)

#: project -> what a team hands in that takes no trouble, run at the end of the lesson
BASELINES = {
    "streamflow": """
        from dla_widgets.streamflow.baselines import Climatology
        lazy = Climatology().fit(rivers.sel(time=PERIODS["train"])).predict(rivers)
        write_submission(lazy, "submissions/lazy.csv", rivers)""",
    "landcover": """
        from dla_widgets.landcover.baselines import PixelLDA
        write_submission(PixelLDA(pixels=5_000).fit(country).predict(asked), "submissions/lazy.npz", country)""",
}


@pytest.mark.parametrize("lesson", COMPETITIONS, ids=lambda lesson: f"{lesson.project}-{lesson.name}")
def test_three_teams_compete_in_the_last_lesson(lesson, tmp_path, monkeypatch):
    """A lazy team, an honest one that runs the lesson, and one that feeds noise to the board to learn what it hides."""
    folder, home = tmp_path / "cup", tmp_path / "home"
    new(folder, lesson.project, "cup")
    rules = yaml.safe_load((folder / "competition.yaml").read_text())
    rules |= {"truth": {"seed": "secret/seed", "count": 24}, "daily": 30}
    (folder / "competition.yaml").write_text(yaml.safe_dump(rules))
    make(folder)
    home.mkdir()
    monkeypatch.chdir(home)
    with serving(folder) as board:
        names = ("honest", "lazy", "prober")
        tokens = dict(zip(names, board.tokens(list(names)), strict=True))
        monkeypatch.setenv("DLA_BOARD", board.address)
        monkeypatch.setenv("DLA_BOARD_TOKEN", tokens["honest"])
        notebook = solution(lesson)
        notebook.cells.append(nbformat.v4.new_code_cell(dedent(BASELINES[lesson.project])))
        judge(lesson, notebook, run(notebook, home))
        assert tokens["honest"] not in nbformat.writes(notebook)

        kind = "csv" if lesson.project == "streamflow" else "npz"
        for name, file in (("honest", f"cup.{kind}"), ("lazy", f"lazy.{kind}"), ("prober", f"cup.{kind}")):
            print(dla(home, tokens[name], "team", "make", f"Team {name}"))
            said = dla(home, tokens[name], "submit", f"submissions/{file}", "--tried", "the lesson", "--learned", "a lot")
            assert "RCPT-" in said, said
        fishing(board, tokens["prober"], folder)
        told = climb(Leaderboard(board.address, tokens["prober"]).competition(), home / "submissions" / f"cup.{kind}", tmp_path)
        assert max(told) - told[0] < 0.02, told

        boss, here = board.token("boss", "advisor"), "/competitions/cup"
        view = {team["team"]: team for team in board.call("GET", f"{here}/advisor", boss).json()["teams"]}
        assert "Team honest" in view["Team prober"]["duplicates"]
        board.call("PUT", f"{here}/disqualified", boss, json={"team": "Team prober", "reason": "the file of another team"})
        for name in names:
            board.call("PUT", f"{here}/mark", boss, json={"team": f"Team {name}", "points": 40})
        board.call("POST", f"{here}/close", boss, json={})
        board.call("POST", f"{here}/publish", boss, json={})
        time.sleep(0.5)
        rows = {row["team"]: row for row in board.call("GET", f"{here}/board").json()["rows"]}
        assert rows["Team honest"]["rank"] == 1 and rows["Team lazy"]["rank"] == 2 and rows["Team prober"]["rank"] is None
        assert rows["Team honest"]["score"] == pytest.approx(view["Team honest"]["private"])
        assert rules["benchmarks"][0]["name"] in rows
        grades = board.call("GET", f"{here}/grades.csv", boss).text
        assert all(name in grades for name in names)
        cards = Leaderboard(board.address, tokens["lazy"]).competition().cards()
        assert {card["team"] for card in cards} >= {"Team honest", "Team lazy"}


def dla(home: Path, token: str, *words: str) -> str:
    """What `dla` says to a learner in the folder `home`."""
    done = subprocess.run([sys.executable, "-m", "dla_widgets.cli", *words], cwd=home, capture_output=True, text=True,
                          check=False, env=os.environ | {"DLA_BOARD_TOKEN": token, "COLUMNS": "100"})
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stdout + done.stderr
    return done.stdout


def fishing(board, token: str, folder: Path) -> None:
    """What an inquisitive team tries beside handing in."""
    here = "/competitions/cup"
    for path in ("advisor", "audit", "grades.csv", "cards"):
        assert board.call("GET", f"{here}/{path}", token).status_code == 403
    for entry in (1, 2):
        assert board.call("GET", f"{here}/entries/{entry}", token).status_code == 404
    for path in ("secret/truth.npz", "../secret/truth.npz", "static/../../secret/seed", "%2e%2e/secret/seed", "entries"):
        for root in (board.address, f"{board.address}/cup", f"{board.address}/static", f"{board.address}/api{here}"):
            answer = requests.get(f"{root}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
            assert answer.status_code in (404, 405, 422), (root, path)
    seed = (folder / "secret" / "seed").read_bytes()
    assert seed not in board.call("GET", f"{here}/inputs.zip", token).content


def climb(contest, file: Path, folder: Path, entries: int = 8) -> list[float]:
    """Send the file with noise, keep a change if the board likes it, and so on: the scores that were heard."""
    rng, best, heard = np.random.default_rng(0), file, [contest.entries()[-1]["score"]]
    for k in range(entries):
        trial = folder / f"trial{k}{file.suffix}"
        NOISE[file.suffix](best, trial, rng)
        entry = contest.wait(contest.submit(trial, progress=False))
        assert entry["state"] == "scored", entry["message"]
        if entry["score"] > heard[-1]:
            best = trial
        heard.append(entry["score"])
    return heard


def noisy_flows(source: Path, out: Path, rng) -> None:
    rows = pd.read_csv(source, dtype={"basin": str})
    factor = dict(zip(rows.basin.unique(), rng.lognormal(0, 0.05, rows.basin.nunique()), strict=True))
    rows.assign(discharge=rows.discharge * rows.basin.map(factor)).to_csv(out, index=False)


def noisy_maps(source: Path, out: Path, rng) -> None:
    with np.load(source, allow_pickle=False) as maps:
        kept = {name: maps[name] for name in maps.files}
    for labels in kept.values():
        if labels.ndim == 2:
            y, x = rng.integers(0, labels.shape[0] - 32), rng.integers(0, labels.shape[1] - 32)
            square = labels[y:y + 32, x:x + 32]
            square[square != 255] = rng.integers(0, 9)
    np.savez_compressed(out, **kept)


NOISE = {".csv": noisy_flows, ".npz": noisy_maps}
