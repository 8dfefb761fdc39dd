"""Can a board be climbed by chance? Entries that know nothing, chosen only by what the board tells.

An attacker has an honest map, or an honest forecast, in versions that differ by noise alone, and puts an entry together from
them: this block from one, that basin from another. No version is better than another, so that no entry has a merit that the
first had not. Every competition is another country, made as ``autograder competition make`` makes it.

Measured too, as a board that never says anything would be safe: how large must an honest gain be to be heard half of the
time? Run by ``competition.py probing``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
import yaml
from scipy.ndimage import gaussian_filter

from autograder.competition import entries, ladder, making, people, teams
from autograder.competition.contest import Contest
from autograder.competition.rules import read_rules
from autograder.competition.scoring import Scored, pack, score_file
from autograder.competition.store import Store
from autograder.competition.tables import Entry
from autograder.competition.truth import Truth, open_truth
from dla_widgets.landcover.legend import CLASSES, IGNORE
from dla_widgets.landcover.submission_files import Map, write_maps
from dla_widgets.leaderboard.inputs import BASINS, SCENES
from dla_widgets.streamflow.baselines import RidgeLags
from dla_widgets.streamflow.basins import PERIODS
from dla_widgets.submission import write_submission

BOARDS = ("plain", "rounded", "Ladder")

#: What is told may lie above the truth by less than this, on average over attackers.
AIM = 0.02

#: Versions of a map and of a forecast.
MAPS, FORECASTS = 12, 40

#: Side of the squares that a map is put together from [pixel].
CELL = 16

#: Smooth noise on logits, and the spread of a factor on discharge, as in lesson 06.
NOISE, SPREAD = 1.5, 0.15

#: After how many entries an honest gain comes, and how many public parts are drawn for it.
COMES_AS, PARTS = (2, 20, 100), 8


class Board:
    """What a team of its own is told in a competition by a board of this `kind`."""

    def __init__(self, world: World, kind: str):
        self.world, self.kind, self.metric = world, kind, world.truth.metric
        self.best, self.shown = None, float("nan")
        self.choices, self.told = [], []

    def tell(self, choice: np.ndarray) -> float:
        """The score of an entry, as far as it is told."""
        public = self.world.units(choice)[self.world.truth.public]
        self.choices.append(choice)
        self.told.append(self._told(public))
        return self.told[-1]

    def _told(self, public: np.ndarray) -> float:
        if self.kind != "Ladder":
            score = self.metric.score(public)
            return round(score, 2) if self.kind == "rounded" else score
        if self.best is None or ladder.climbs(self.metric, self.best, public, len(self.choices)):  # as entries.keep has it
            self.best, self.shown = public, ladder.let_out(self.metric.score(public))
        return self.shown


# --- competitions ------------------------------------------------------------------------------------------------------


class World:
    """A competition and the versions of an honest entry. An entry is a choice (part,): which version each part is taken from.

    The last of the `versions` is a bad one, for whoever wants to begin low.
    """

    truth: Truth
    versions: int
    groups: dict[str, np.ndarray]  #: size of a block -> (part,) its number

    def __init__(self, folder: Path, project: str, seed: int):
        self.folder = folder
        making.new(folder, project)
        (folder / "secret" / "seed").write_text(str(seed))
        rules = folder / "competition.yaml"
        rules.write_text(yaml.safe_dump(yaml.safe_load(rules.read_text()) | {"benchmarks": []}))  # half a minute each
        making.make(folder)
        self.truth = open_truth(folder, read_rules(folder))

    def units(self, choice: np.ndarray) -> np.ndarray:
        """Statistics of the units, the same as the service's."""
        raise NotImplementedError

    def write(self, choice: np.ndarray) -> Path:
        """The entry as a file."""
        raise NotImplementedError

    def drawn(self, rng: np.random.Generator, size: str = "") -> np.ndarray:
        """A choice by chance, of whole blocks of this size."""
        group = self.groups[size or next(iter(self.groups))]
        return rng.integers(0, self.versions - 1, group.max() + 1)[group]

    def scores(self, choice: np.ndarray) -> np.ndarray:
        """Public and private score."""
        units, public = self.units(choice), self.truth.public
        return np.array([self.truth.metric.score(units[public]), self.truth.metric.score(units[~public])])


class Lands(World):
    """Land cover: the map of the bundled network with smooth noise on its logits, and all of it snow as the bad one."""

    def __init__(self, folder: Path, seed: int):
        from dla_widgets.landcover.models import load_reference
        from dla_widgets.landcover.prediction import predict_logits
        from dla_widgets.landcover.scenes import arrays, load_scenes, select_scenes

        super().__init__(folder, "landcover", seed)
        self.names, self.labels = self.truth.expected.scenes, np.asarray(self.truth.labels)
        scenes = select_scenes(load_scenes(folder / "inputs" / SCENES), "test")
        self.logits = predict_logits(load_reference("simulated"), arrays(scenes)[0])
        rng = np.random.default_rng(seed)
        snow = np.full(self.labels.shape, len(CLASSES) - 1, np.uint8)
        self.maps = np.stack([*(self.noisy(rng) for _ in range(MAPS)), snow])
        tables = [replace(self.truth, block=CELL).measure(self.named(each), "a version") for each in self.maps[:-1]]
        tables.append(np.zeros_like(tables[0]))
        tables[-1][:, :, -1] = tables[0].sum(axis=2)
        self.tables, self.versions = np.stack(tables), MAPS + 1
        shape = (len(self.labels), *(side // CELL for side in self.labels.shape[1:]))
        self.groups = {size: _blocks(shape, int(size) // CELL) for size in ("16", "32", "64", "256")}
        order = self.groups[str(self.truth.block)]
        self.order, self.begins = np.argsort(order, kind="stable"), np.searchsorted(np.sort(order), range(order.max() + 1))

    def noisy(self, rng: np.random.Generator, pull: float = 0.0) -> np.ndarray:
        """The map after a draw of the noise, with the true class's logit raised by `pull`."""
        noise = gaussian_filter(rng.standard_normal(self.logits.shape, np.float32), (0, 3, 3, 0))
        logits = self.logits + NOISE / noise.std() * noise
        if pull:
            logits += pull * (self.labels[..., None] == np.arange(len(CLASSES)))
        return logits.argmax(-1).astype(np.uint8)

    def named(self, maps: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self.names, maps, strict=True))

    def units(self, choice: np.ndarray) -> np.ndarray:
        return np.add.reduceat(self.tables[choice, np.arange(choice.size)][self.order], self.begins, dtype=np.int32)

    def write(self, choice: np.ndarray) -> Path:
        shape = (len(self.labels), *(side // CELL for side in self.labels.shape[1:]))
        pixels = choice.reshape(shape).repeat(CELL, 1).repeat(CELL, 2)
        chosen = np.take_along_axis(self.maps, pixels[None], 0)[0]
        write_maps([Map(*each) for each in self.named(chosen).items()], file := self.folder / "entry.npz", ".npz")
        return file

    def honest(self, rng: np.random.Generator, kind: str, much: float) -> tuple[np.ndarray, np.ndarray]:
        """The units of an entry and of an honestly better one."""
        first = self.noisy(rng)
        if kind == "even":  # a share of the wrong pixels is right, wherever they are
            better = np.where((rng.random(first.shape) < much) & (self.labels != IGNORE), self.labels, first)
        else:  # another network, with mistakes of its own
            better = self.noisy(rng, 5 * much)
        return tuple(self.truth.measure(self.named(each), "an entry") for each in (first, better))


class Rivers(World):
    """Streamflow: the forecast of the ridge regression, times a factor for each basin; a third of it as the bad one."""

    def __init__(self, folder: Path, seed: int):
        super().__init__(folder, "streamflow", seed)
        with xr.open_dataset(folder / "inputs" / BASINS) as stored:
            basins = stored.load()
        forecast = RidgeLags().fit(basins.sel(time=PERIODS["train"])).predict(basins)
        self.forecast = forecast.sel(time=PERIODS["test"]).transpose("basin", "time").astype(float)
        count = self.forecast.sizes["basin"]
        self.factors = np.vstack([np.random.default_rng(seed).lognormal(0, SPREAD, (FORECASTS, count)), np.full(count, 0.33)])
        self.skill = np.stack([self.measured(row[:, None] * self.forecast.values)[:, 0] for row in self.factors])
        self.versions, self.groups = FORECASTS + 1, {"basin": np.arange(count)}

    def measured(self, simulated: np.ndarray) -> np.ndarray:
        return np.array([[self.truth.metric.unit(o, s)] for o, s in zip(self.truth.values, simulated, strict=True)])

    def units(self, choice: np.ndarray) -> np.ndarray:
        return self.skill[choice, np.arange(choice.size)][:, None]

    def write(self, choice: np.ndarray) -> Path:
        factor = self.factors[choice, np.arange(choice.size)]
        return write_submission(self.forecast * factor[:, None], self.folder / "entry.parquet")

    def honest(self, rng: np.random.Generator, kind: str, much: float) -> tuple[np.ndarray, np.ndarray]:
        """The units of a forecast and of one with smaller errors: by the same share in all basins, or by different ones."""
        count = len(self.truth.values)
        share = np.full(count, much) if kind == "even" else np.minimum(rng.normal(much, much, count), 1)
        first = self.forecast.values
        better = first + np.nan_to_num(share[:, None] * (self.truth.values - first))
        return self.measured(first), self.measured(better)


def _blocks(shape: tuple[int, ...], side: int) -> np.ndarray:
    """(cell,) number of the block of `side` by `side` cells."""
    scene, y, x = np.indices(shape)
    place = (scene * shape[1] + y // side) * shape[2] + x // side
    return np.unique(place.ravel(), return_inverse=True)[1]


# --- attacks: all that they learn is what the board tells ---------------------------------------------------------------

Attack = Callable[[World, Board, np.random.Generator, int], np.ndarray]


def climb(size: str, share: float, spoil: bool = False) -> Attack:
    """Take a share of the blocks from other versions, or spoil them; keep what is told to be better."""

    def attack(world: World, board: Board, rng: np.random.Generator, number: int) -> np.ndarray:
        group, best = world.groups[size], world.drawn(rng)
        told = board.tell(best)
        for _ in range(number - 1):
            other = np.full(best.size, world.versions - 1) if spoil else world.drawn(rng, size)
            trial = np.where((rng.random(group.max() + 1) < share)[group], other, best)
            if (heard := board.tell(trial)) > told:
                best, told = trial, heard
        return best

    return attack


def vote(size: str) -> Attack:
    """Toss a coin for each block, many times; then take for each block the side of the better entries (Blum and Hardt, 5)."""

    def attack(world: World, board: Board, rng: np.random.Generator, number: int) -> np.ndarray:
        group, sides = world.groups[size], (world.drawn(rng, size), world.drawn(rng, size))
        heard, coins = [board.tell(sides[0])], rng.random((number - 2, group.max() + 1)) < 0.5
        for coin in coins:
            heard.append(board.tell(np.where(coin[group], *sides)))
        good = np.diff(heard) > 0 if board.kind == "Ladder" else np.array(heard[1:]) > np.median(heard)
        if not good.any() or good.all():
            good[0] = not good[0]
        last = np.where((coins[good].mean(axis=0) > coins[~good].mean(axis=0))[group], *sides)
        board.tell(last)
        return last

    return attack


def stairs(size: str, steps: int) -> Attack:
    """Begin with a bad entry and get better step by step, so that much is heard; each step tosses its coins as well."""

    def attack(world: World, board: Board, rng: np.random.Generator, number: int) -> np.ndarray:
        group, sides = world.groups[size], (world.drawn(rng, size), world.drawn(rng, size))
        turn, told, heard = rng.permutation(group.max() + 1), float("-inf"), []
        for k in range(number - 1):
            good, coin = turn < (k + 1) / steps * turn.size, rng.random(turn.size) < 0.5
            now = board.tell(np.where(good[group], np.where(coin[group], *sides), world.versions - 1))
            if board.kind != "Ladder" or now > told:
                heard.append((good.mean(), np.where(good, coin - 0.5, 0), now))
            told = now
        share, coins, scores = (np.array(each) for each in zip(*heard, strict=True))
        luck = scores - np.polyval(np.polyfit(share, scores, min(4, len(scores) - 1)), share)
        last = np.where((luck @ coins > 0)[group], *sides)
        board.tell(last)
        return last

    return attack


ATTACKS: dict[type[World], dict[str, Attack]] = {
    Lands: {
        "climb, 2 % of blocks of 16": climb("16", 0.02),
        "climb, 10 % of blocks of 32": climb("32", 0.10),
        "climb, half of blocks of 32": climb("32", 0.50),
        "climb, 20 % of scenes": climb("256", 0.20),
        "climb, a new map each time": climb("256", 1.0),
        "climb, snow into 1 % of 16": climb("16", 0.01, spoil=True),
        "vote of blocks of 32": vote("32"),
        "stairs of 30, blocks of 64": stairs("64", 30),
    },
    Rivers: {
        "climb, 5 % of basins": climb("basin", 0.05),
        "climb, a quarter of basins": climb("basin", 0.25),
        "climb, a new one each time": climb("basin", 1.0),
        "vote of basins": vote("basin"),
        "stairs of 10, basins": stairs("basin", 10),
    },
}
GRID = {Lands: (0.01, 0.02, 0.04, 0.06, 0.09, 0.13, 0.18, 0.25), Rivers: (0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.45)}


# --- the two tables ----------------------------------------------------------------------------------------------------


def report(given: argparse.Namespace) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for kind in (Lands, Rivers):
        if given.project not in (None, {Lands: "landcover", Rivers: "streamflow"}[kind]):
            continue
        with tempfile.TemporaryDirectory(prefix="probing-") as scratch:
            worlds = [kind(Path(scratch) / f"c{seed}", 1000 + seed) for seed in range(given.seeds)]
            climbed(worlds, given)
            honest(worlds)


def climbed(worlds: list[World], given: argparse.Namespace) -> None:
    """What each attack is told above the score of an entry by chance, and what became of the private one."""
    chance = [np.mean([world.scores(world.drawn(rng)) for _ in range(100)], axis=0)
              for rng, world in zip(map(np.random.default_rng, range(len(worlds))), worlds)]
    public, private = np.mean(chance, axis=0)
    print(f"\n{type(worlds[0]).__name__}: {len(worlds)} competitions, in each {given.attackers} attackers of the Ladder and one "
          f"of the other boards, {given.entries} entries.\nBy chance an entry has {public:.3f} in public, {private:.3f} in "
          f"private. Above it: told, mean (max) | private, mean\n{'':30}" + "".join(f"{kind:>26}" for kind in BOARDS), flush=True)
    for name, attack in ATTACKS[type(worlds[0])].items():
        cells = []
        for kind in BOARDS:
            several = range(given.attackers if kind == "Ladder" else 1)  # the others' winnings are the same each time
            above = np.array([_above(world, attack, kind, k, given.entries) - mean for world, mean in zip(worlds, chance)
                              for k in several])
            told, after = above.T
            cells.append(f"{told.mean():+.3f} ({told.max():+.3f}) | {after.mean():+.3f}")
        print(f"{name:30}" + "".join(f"{cell:>26}" for cell in cells) + ("   too much" if told.mean() > AIM else ""), flush=True)
    _checked(worlds[0], given.entries)


def _above(world: World, attack: Attack, kind: str, seed: int, number: int) -> np.ndarray:
    """What an attacker is told in the end, and the private score of what it chose."""
    board = Board(world, kind)
    chosen = attack(world, board, np.random.default_rng(seed), number)
    return np.array([max(board.told), world.scores(chosen)[1]])


def _checked(world: World, number: int) -> None:
    """The last file of an attack is scored by the service's own code, and its entries are told as the service tells them."""
    board = Board(world, "Ladder")
    last = list(ATTACKS[type(world)].values())[-1](world, board, np.random.default_rng(0), number)
    scored = score_file(str(world.folder), str(file := world.write(last)), file.name)
    same = scored.units == pack(world.units(last))
    alike = _told_by_the_service(world, board.choices) == board.told
    print(f"Scored from a file, the last entry has {'the same' if same else 'OTHER'} statistics; of {len(board.told)} entries "
          f"the service tells {'the same' if alike else 'SOMETHING ELSE'}.", flush=True)


def _told_by_the_service(world: World, choices: list[np.ndarray]) -> list[float]:
    """What the service's own bookkeeping tells of these entries."""
    contest = Contest(world.folder, Store(f"sqlite:///{world.folder / 'board.sqlite'}"))
    with contest.store.changing() as session:
        who = people.Caller(people.person(session, "mallory").id, "mallory", "submit")
    teams.create(contest, who, "Climbers", "UTC")
    told = []
    for k, choice in enumerate(choices):
        with contest.store.writing(contest.name) as session:
            team = teams.of(contest, session, who)
            entry = Entry(competition=contest.name, team_id=team.id, person_id=who.person_id, name="entry", sha256=f"{k:064d}",
                          size=1, at=contest.store.now())  # fmt: skip
            session.add(entry)
            session.flush()
            number = entry.id
        entries.keep(contest, number, Scored(*world.scores(choice), pack(world.units(choice))))
        with contest.store.reading() as session:
            told.append(session.get(Entry, number).shown)
    return told


def honest(worlds: list[World]) -> None:
    """The smallest true gain that the Ladder lets out half of the time."""
    print(f"\nThe smallest honest gain that is heard half of the time\n{'':30}"
          + "".join(f"{f'as entry {number}':>14}" for number in COMES_AS), flush=True)
    for kind in ("even", "uneven"):
        gains, heard = [0.0], [np.zeros(len(COMES_AS))]
        for much in GRID[type(worlds[0])]:
            drawn = [_heard(world, kind, much, k) for k, world in enumerate(worlds)]
            gains.append(np.mean([gain for gain, _ in drawn]))
            heard.append(np.mean([share for _, share in drawn], axis=0))
        cells = [_half(np.array(gains), np.maximum.accumulate(np.array(heard)[:, k])) for k in range(len(COMES_AS))]
        print(f"{kind:30}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


def _heard(world: World, kind: str, much: float, seed: int) -> tuple[float, np.ndarray]:
    """A true gain, and how often it is heard over public parts that might have been drawn."""
    rng, metric = np.random.default_rng([seed, int(1000 * much)]), world.truth.metric
    first, better = world.honest(rng, kind, much)
    times = np.zeros(len(COMES_AS))
    for _ in range(PARTS):
        public = rng.permutation(world.truth.public)
        times += [ladder.climbs(metric, first[public], better[public], number) for number in COMES_AS]
    return metric.score(better) - metric.score(first), times / PARTS


def _half(gains: np.ndarray, heard: np.ndarray) -> str:
    if heard[-1] < 0.5:
        return f"> {gains[-1]:.3f}"
    k = int(np.argmax(heard >= 0.5))
    return f"{np.interp(0.5, heard[k - 1 : k + 1], gains[k - 1 : k + 1]):.3f}"
