"""Hyperparameters: ask for a setting and see the nearest training that was really run, or run your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...errors import CourseError
from ...panels.explorer import Explorer, Preset, bundle
from ..sweep import HYDROGRAPH_STEP, NO_NUMBER, Sweep, steps_of, sweep
from ..sweep.trial import LEVELS, RIVERS, USUAL, nse_or_nan, train_setting

if TYPE_CHECKING:
    import pandas as pd

    from ...panels.picture import Picture

HERE = Path(__file__).parent
NAMES = {"learning_rate": "Learning rate", "hidden": "Memory cells", "sequence": "Sequence length [days]",
         "dropout": "Dropout", "batch": "Batch [pieces]", "updates": "Updates", "forget_bias": "Forget-gate bias"}  # fmt: skip
HELP = {
    "learning_rate": "highest step size of Adam; it falls along a cosine over the updates [-]",
    "hidden": "memory cells of the LSTM",
    "sequence": "length of a piece of the record; its first half warms up, its second half is learnt from [days]",
    "dropout": "share of the hidden states that the head does not see while training [-]",
    "batch": "pieces in one update",
    "updates": "steps of gradient descent; pieces are drawn at random, so there are updates instead of epochs",
    "forget_bias": "where the forget gate begins; at 3 a new network remembers 95 % from day to day, at -3 only 5 % [-]",
}
SCORED = (
    "On the {river} river it reached an NSE of {validation} in the validation years, number {rank} of {of} runs on this river, "
    "and {test} in the test years, which chose nothing, after {seconds} s of training; in the year drawn {shown}. That is "
    "{gain} against the mean of eight seeds of the usual recipe, {usual}, whose standard deviation is {luck}. "
    "Among the runs drawn all over the space the largest share of the variance, {share}, goes to {top}. {trained}"
)
#: scores below are drawn on the lower edge of the pictures
FLOOR = -0.2
#: how many of the trainings made here stay in the picture
KEPT = 5


class SweepError(CourseError):
    """This is no sweep that can be shown."""


def _level(name: str) -> t.Enum:
    names = {level: f"{level:g}" for level in LEVELS[name]}
    return t.Enum(LEVELS[name], USUAL[name], help=HELP[name]).tag(sync=True, label=NAMES[name], names=names)


class HyperparameterExplorer(Explorer):
    """Move seven hyperparameters; see learning curve, hydrograph and NSE of the nearest run really computed, or train it.

    Every number is of one training. The page finds the run whose levels are the fewest slider steps away and says in
    what it differs; nothing is interpolated. With a kernel, a button trains the very setting that was asked for.

    Parameters
    ----------
    runs : a :class:`~dla_widgets.streamflow.sweep.Sweep`; the bundled one by default
    """

    _esm = bundle(HERE / "hyperparameters.js")
    title = "What does a hyperparameter do?"

    river = t.Enum(tuple(RIVERS), "sim-10", help="which simulated river is learnt").tag(
        sync=True, label="River", names={"sim-10": "Snow", "sim-06": "Rain"})
    learning_rate, hidden, sequence = _level("learning_rate"), _level("hidden"), _level("sequence")
    dropout, batch, updates, forget_bias = _level("dropout"), _level("batch"), _level("updates"), _level("forget_bias")
    along = t.Enum((*LEVELS, "test"), "learning_rate", help="the axis of the picture of all runs; follows the sliders").tag(
        sync=True, label="All runs against", names={**NAMES, "test": "NSE test [-]"}, detail=True)

    formats = dict.fromkeys(("validation", "test", "shown", "usual", "now", "luck"), ".2f") | {
        "gain": "+.2f", "seconds": ".1f", "share": ".0%",
        **dict.fromkeys(("run", "runs", "differ", "rank", "of"), "d")}  # fmt: skip
    words: dict[str, str] = {
        "exact": f"Run {{run}} of {{runs}}, computed {{made}}, has exactly the setting asked for: {{setting}}. {SCORED}",
        "near": "Nobody computed exactly this setting. The nearest of {runs} runs, computed {made}, is run {run}, {distance} "
                f"away; it differs in {{differ}} of seven: {{differences}}. {SCORED}",
    }
    presets = (
        Preset("usual", "", "The recipe of the course, on a river of snow. The grey band and lines are eight seeds of it.",
               "This seed has 0.57, the mean of the eight is 0.62: run 0 had bad luck, and nobody chose a better one to show."),
        Preset("too_fast", "learning_rate=0.3", "Steps ten times as long as usual.",
               "Validation falls to 0.51, and the rise is ragged. The blue dots of this slider make a hill."),
        Preset("too_slow", "learning_rate=0.0003", "Steps a hundredth as long as usual.",
               "Both curves end low, at 0.41 and 0.50: it has not even learnt what it was shown."),
        Preset("forgetful", "along=forget_bias;forget_bias=-3", "A new network that keeps 5 % from one day to the next.",
               "0.41 instead of 0.57; the blue dots climb up to a bias of 5. Yet the importance bar of the bias is as short as "
               "that of dice: over the whole space most settings learn too little for memory to matter."),
        Preset("forgetful_rain", "along=forget_bias;forget_bias=5;river=sim-06",
               "The long memory of bias 5, on a river without snow.",
               "0.83, inside the band of luck: what helped on snow brings nothing here."),
        Preset("short", "along=sequence;sequence=90", "Pieces of 90 days: 45 warm up, 45 are learnt from. Where is the winter?",
               "0.49; with 30 days it is worse, from 180 days on it hardly matters."),
        Preset("too_long", "along=updates;updates=480", "Four times as many updates as usual. Watch both curves.",
               "The dashed curve goes to 0.99, validation peaks early and ends at 0.55: this record is learnt by heart."),
        Preset("indifferent", "along=batch;batch=16", "Four times as many pieces in each update.",
               "0.60 and all blue dots in or near the grey band: on this river the batch hardly matters. See importance."),
        Preset("between", "batch=16;dropout=0.4;learning_rate=0.01", "A setting that nobody computed.",
               "The nearest run, 0.68, is three slider steps away, and two sliders say in what. Train it, if there is a kernel."),
    )  # fmt: skip

    def load(self, runs: Sweep | None = None) -> None:
        found = sweep() if runs is None else runs
        if not isinstance(found, Sweep):
            raise SweepError(
                f"this picture shows a Sweep, as sweep() of dla_widgets.streamflow.sweep gives it; received "
                f"{type(found).__name__}. HyperparameterExplorer() without arguments shows the bundled one."
            )
        table = found.runs
        if missing := {"river", "seed", "design", "validation", "test", "seconds", *LEVELS} - set(table):
            raise SweepError(f"the table of runs lacks {', '.join(sorted(missing))}; it has {', '.join(map(str, table))}")
        usual = {river: table[(table["river"] == river) & (table["design"] == "usual")] for river in RIVERS}
        if empty := [river for river, runs_of in usual.items() if len(runs_of) < 2]:
            raise SweepError(f"two runs or more of the usual recipe are needed on each river; {', '.join(empty)} has fewer")
        self.sweep = found
        self.places = np.stack(
            [[_place(name, value) for value in table[name]] for name in LEVELS], -1).astype("uint8")  # (run, hyperparameter)
        rivers = list(RIVERS)
        first = found.observed.index[0].to_datetime64().astype("datetime64[D]")
        luck = {river: of["validation"].agg(["mean", "std", "min", "max"]) for river, of in usual.items()}
        self.data = {
            "rivers": rivers, "kinds": list(RIVERS.values()), "levels": {n: list(v) for n, v in LEVELS.items()}, "names": NAMES,
            "made": found.made, "number": table.index.to_numpy("int32"), "places": self.places,
            "river": np.array([rivers.index(river) for river in table["river"]], "uint8"),
            "seed": table["seed"].to_numpy("int32"), "design": table["design"].tolist(),
            **{name: table[name].to_numpy("float64") for name in ("validation", "test", "seconds")},
            "curve": found.curve.astype("float32"), "taught": found.taught.astype("float32"),
            "shown": steps_of(found.shown), "observed": steps_of(found.observed[rivers].to_numpy().T),
            "step": HYDROGRAPH_STEP, "missing": NO_NUMBER, "first": int(first.astype(int)),
            "importance": found.importance.to_dict("list"),
            "usual": {r: {"mean": float(of["mean"]), "luck": float(of["std"]), "low": float(of["min"]),
                          "high": float(of["max"])} for r, of in luck.items()},
        }  # fmt: skip
        self._seeds: dict[tuple, int] = {}

    # ------------------------------------------------------------------------------------------------------ the nearest

    @property
    def setting(self) -> dict[str, float]:
        """What the sliders ask for."""
        return {name: getattr(self, name) for name in LEVELS}

    def _asked(self) -> np.ndarray:
        """The places of the sliders, (hyperparameter,)."""
        return np.array([_place(name, value) for name, value in self.setting.items()])

    def nearest(self) -> int:
        """Row of the shown run: of this river the fewest slider steps away; of equals fewest differences, then first."""
        steps = np.abs(self.places.astype(int) - self._asked())
        mine = self.data["river"] == list(RIVERS).index(self.river)
        cost = np.where(mine, steps.sum(1) * 10 + (steps > 0).sum(1), 10**6)
        return int(cost.argmin())

    def numbers(self) -> dict[str, Any]:
        row, usual = self.nearest(), self.data["usual"][self.river]
        run = self.sweep.runs.iloc[row]
        score, distance = float(run["validation"]), int(np.abs(self.places[row].astype(int) - self._asked()).sum())
        differences = [name for name, value in self.setting.items() if run[name] != value]
        mine = self.sweep.runs.loc[self.sweep.runs["river"] == self.river, "validation"].to_numpy()
        newest = self.result.get("trainings", [None])[-1]
        shares = self.sweep.importance.query("river == @self.river and hyperparameter != 'luck'")
        top = shares.loc[shares["share"].idxmax()]
        return {
            "saying": "near" if differences else "exact", "river": RIVERS[self.river],
            "run": int(run.name), "runs": len(self.sweep.runs), "of": mine.size, "rank": 1 + int((mine > score).sum()),
            "made": self.sweep.made, "source": f"computed {self.sweep.made}", "match": _match(differences),
            "distance": f"{distance} slider step{'s' * (distance != 1)}", "differ": len(differences),
            "differences": ", ".join(f"{_short(n)} {run[n]:g} instead of {self.setting[n]:g}" for n in differences),
            "setting": _in_words(self.setting), "validation": score, "test": float(run["test"]),
            "shown": nse_or_nan(*self._hydrographs(row)), "seconds": float(run["seconds"]),
            "usual": usual["mean"], "luck": usual["luck"], "gain": score - usual["mean"],
            "top": _short(top["hyperparameter"]), "share": float(top["share"]),
            "now": newest["validation"] if newest else np.nan, "trained": self.result.get("status", ""),
            **{f"run.{name}": f"≠ shown run: {run[name]:g}" if name in differences else "" for name in LEVELS},
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        """All runs of the sweep on this river, the nearest to the sliders first; ``steps`` says how far each is away."""
        steps = np.abs(self.places.astype(int) - self._asked())
        table = self.sweep.runs.assign(steps=steps.sum(1), differ=(steps > 0).sum(1))
        return table[table["river"] == self.river].sort_values(["steps", "differ"], kind="stable")

    def figure(self) -> Picture:
        from ...panels.picture import CYCLE, OKABE_ITO, Picture

        row, runs = self.nearest(), self.sweep.runs
        picture = Picture(8, 6.4, alt=self.describe())
        (curves, dots), (year, bars) = picture.subplots(2, 2)
        usual = self.data["usual"][self.river]
        at = runs["updates"].iloc[row] * np.arange(1, self.sweep.curve.shape[1] + 1) / self.sweep.curve.shape[1]
        curves.plot(at, self.sweep.taught[row], "--", color=CYCLE[0], label="what is learnt")
        curves.plot(at, self.sweep.curve[row], color=CYCLE[1], label="validation")
        for k, training in enumerate(one for one in self.result.get("trainings", []) if one["river"] == self.river):
            curves.plot(training["at"], training["curve"], color=CYCLE[2], label="_" * (k > 0) + "trained now, here")
        curves.set(xscale="log", xlim=(1.4, 510), ylim=(FLOOR, 1), xlabel="updates", ylabel="NSE [-]",
                   title=f"Run {runs.index[row]} of {len(runs)}, {self.numbers()['source']}")  # fmt: skip
        curves.set_xticks([2, 5, 10, 20, 50, 100, 200, 480], ["2", "5", "10", "20", "50", "100", "200", "480"], minor=False)
        curves.set_xticks([], minor=True)
        curves.legend(loc="lower right")
        mine, score = (runs["river"] == self.river).to_numpy(), np.maximum(runs["validation"].to_numpy(), FLOOR)
        if self.along == "test":
            place = np.maximum(runs["test"].to_numpy(), FLOOR)
            dots.set(xlim=(FLOOR, 1), xlabel="NSE test [-]")
        else:
            place = self.places[:, list(LEVELS).index(self.along)]
            moved = runs[self.along].to_numpy() != USUAL[self.along]
            mine = mine & ((runs["design"] != "one step").to_numpy() | moved)
            dots.set_xticks(range(len(LEVELS[self.along])), [f"{level:g}" for level in LEVELS[self.along]])
            dots.set_xlabel(NAMES[self.along])
        dots.axhspan(usual["low"], usual["high"], color="0.85")
        for design, colour in (("drawn", OKABE_ITO["sky"]), ("one step", CYCLE[0]), ("usual", CYCLE[0])):
            those = mine & (runs["design"] == design).to_numpy()
            dots.plot(place[those], score[those], "o", ms=3, color=colour)
        dots.plot(place[row], score[row], "D", color=CYCLE[1], mec="black")
        dots.set(ylim=(FLOOR, 1), ylabel="NSE validation [-]", title="All runs on this river")
        observed, simulated = self._hydrographs(row)
        days = self.sweep.observed.index
        year.plot(days, observed, color=OKABE_ITO["black"], label="observed")
        year.plot(days, simulated, color=CYCLE[1], label="run shown")
        year.set(ylabel="Discharge [mm/day]", title="A year of the validation")
        year.tick_params(axis="x", labelrotation=40)
        year.legend()
        share = self.sweep.importance[self.sweep.importance["river"] == self.river]
        bars.barh([NAMES.get(n, "luck (dice)").split(" [")[0] for n in share["hyperparameter"]], share["share"], color=CYCLE[0],
                  xerr=[share["share"] - share["low"], share["high"] - share["share"]])  # fmt: skip
        bars.invert_yaxis()
        bars.set(xlabel="share of the variance", title="Importance in the sweep")
        return picture

    def _hydrographs(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Observed and simulated discharge of the year shown [mm/day], as the page has them."""
        both = self.data["observed"][list(RIVERS).index(self.river)], self.data["shown"][row]
        observed, simulated = (np.where(q == NO_NUMBER, np.nan, q * HYDROGRAPH_STEP) for q in both)
        return observed, simulated

    # ------------------------------------------------------------------------------------------------------- the kernel

    def asked(self, what: str, content: dict[str, Any]) -> None:
        """The page wants the setting of the sliders trained, or the training stopped."""
        if what == "train":
            self.newest(self.train, self.river, self.setting)
        elif what == "stop":
            self.cancel()

    def train(self, river: str, setting: dict[str, float]) -> None:
        """Train `setting` on `river` here and now, and draw it beside the others as it learns; seed 0 first, then 1, ..."""
        asked = (river, *setting.values())
        seed = self._seeds.get(asked, 0)
        training = {"river": river, "setting": [_place(n, v) for n, v in setting.items()], "seed": seed, "at": [], "curve": [],
                    "taught": [], "shown": None, "validation": np.nan, "test": np.nan}  # fmt: skip
        earlier = list(self.result.get("trainings", []))[1 - KEPT :]
        changed = {name: value for name, value in setting.items() if value != USUAL[name]}
        label = f"{RIVERS[river]} river, {_in_words(changed) or 'the usual recipe'}, seed {seed}"

        def tell(status: str) -> None:
            self.result = {"trainings": [*earlier, {**training, "at": list(training["at"]), "curve": list(training["curve"]),
                           "taught": list(training["taught"])}], "status": status}  # fmt: skip

        def look(at: int, validation: float, taught: float) -> None:
            training["validation"] = validation
            for name, value in (("at", at), ("curve", validation), ("taught", taught)):
                training[name].append(value)
            tell(f"Training now, here: {label}; {at} of {setting['updates']:g} updates.")

        tell(f"TensorFlow starts: {label}.")
        outcome = train_setting(river, setting, seed, look=look, stop=self.cancelled)
        training |= {"shown": outcome.shown.astype("float32"), "test": outcome.test}
        done = "Stopped here" if np.isnan(outcome.test) and len(outcome.at) < 10 else "Trained now, here"
        self._seeds[asked] = seed + (done != "Stopped here")
        tell(f"{done}: {label}; NSE {outcome.validation:.2f} in the validation years, {outcome.test:.2f} in the test years, "
             f"{outcome.seconds:.0f} s.".replace("nan", "n/a"))  # fmt: skip


def _place(name: str, value: float) -> int:
    """Which level of the hyperparameter this is."""
    if value not in LEVELS[name]:
        raise SweepError(f"{name} was tried at {', '.join(f'{v:g}' for v in LEVELS[name])}; a run of the table has {value:g}")
    return LEVELS[name].index(value)


def _match(differences: list[str]) -> str:
    """Whether the shown run is what was asked for."""
    if not differences:
        return "exactly what was asked for"
    return f"nearest computed run; differs in {len(differences)} of 7"


def _short(name: str) -> str:
    """A hyperparameter without its unit, for a sentence."""
    return NAMES[name].split(" [")[0].lower()


def _in_words(setting: dict[str, float]) -> str:
    return ", ".join(f"{_short(name)} {value:g}" for name, value in setting.items())
