"""Which explorers there are, and what a session shows of them."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from .errors import CourseError

if TYPE_CHECKING:
    from .panels.explorer import Explorer

#: name -> module and class; each can be made without arguments and then shows simulated or bundled data
EXPLORERS = {
    "skill": "streamflow.explorers.skill:SkillExplorer",
    "hydrograph": "streamflow.explorers.hydrograph:HydrographExplorer",
    "basin_map": "streamflow.explorers.basin_map:BasinMapExplorer",
    "hyperparameters": "streamflow.explorers.hyperparameters:HyperparameterExplorer",
    "memory": "streamflow.explorers.memory:MemoryExplorer",
    "imbalance": "landcover.explorers.imbalance:ImbalanceExplorer",
    "metrics": "landcover.explorers.metrics:MetricsExplorer",
    "backscatter": "landcover.explorers.backscatter:BackscatterExplorer",
    "speckle": "landcover.explorers.speckle:SpeckleExplorer",
    "augmentation": "landcover.explorers.augmentation:AugmentationExplorer",
    "scene": "landcover.explorers.scene:SceneExplorer",
    "board": "leaderboard.explorers.board:BoardExplorer",
}

#: session -> what is shown on the projector, in this order: (explorer, preset); what to say and to see stands in the preset
SCRIPTS: dict[str, tuple[tuple[str, str], ...]] = {
    session: tuple((explorer, preset) for explorer, presets in shown for preset in presets.split())
    for session, shown in {
        "streamflow-01": [("hydrograph", "snow storms low_flow"), ("basin_map", "snow")],
        "streamflow-02": [("skill", "perfect late wet coward no_floods low_flows"), ("hydrograph", "dry_days")],
        "streamflow-03": [("hydrograph", "climatology dry_days long")],
        "streamflow-04": [("memory", "snow spring flashy dry_soil warm_spell not_physics")],
        "streamflow-05": [("basin_map", "skill aridity worst")],
        "streamflow-06": [("hyperparameters", "usual too_fast too_slow forgetful forgetful_rain too_long indifferent"),
                          ("board", "first_day week_before day_before now my_team")],
        "landcover-01": [("backscatter", "water smoothed hopeless power raw_input good_input")],
        "landcover-02": [("speckle", "one_look many_looks boxcar lee told_too_many told_too_few white")],
        "landcover-03": [("imbalance", "plain more_forest inverse class_aware both too_much prior prevalence")],
        "landcover-04": [("augmentation", "as_it_came quarter_turn half_turn mirror mirror_north_south flat flattened"),
                         ("scene", "radar bands")],
        "landcover-05": [("metrics", "forest no_river shifted generous salt"), ("scene", "labels_truth map map_truth")],
        "landcover-06": [("imbalance", "class_aware both bundled prevalence")],
    }.items()
}


class DemoError(CourseError):
    """There is nothing of that name to show."""


def explorer_class(name: str) -> type[Explorer]:
    """The class of an explorer by its name.

    Raises
    ------
    DemoError : no explorer has that name
    """
    if name not in EXPLORERS:
        near = get_close_matches(name, EXPLORERS, 1)
        advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(EXPLORERS)}"
        raise DemoError(f"no explorer {name!r}; {advice}")
    module, _, attribute = EXPLORERS[name].partition(":")
    return getattr(import_module(f"{__package__}.{module}"), attribute)
