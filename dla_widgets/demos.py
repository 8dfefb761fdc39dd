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
}

#: session -> what to show on the projector, in this order: (explorer, preset); what the room should see says the preset
SCRIPTS: dict[str, tuple[tuple[str, str], ...]] = {
    "streamflow-02": (("skill", "perfect"), ("skill", "late"), ("skill", "wet"), ("skill", "coward"), ("skill", "low_flows")),
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
