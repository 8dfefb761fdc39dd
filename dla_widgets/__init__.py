"""The learner's hands: data, models, scores, figures and checks of the Deep Learning Academy course kit.

The names below are loaded when they are first used, so that ``import dla_widgets`` costs nothing.
"""

from difflib import get_close_matches
from importlib import import_module

#: public name -> the module that holds it
_HOME = {
    "check": "exercise",
    "hint": "exercise",
    "CourseError": "errors",
    "Picture": "panels.picture",
    # streamflow: data
    "open_basins": "streamflow.basins",
    "select_basins": "streamflow.basins",
    "PERIODS": "streamflow.basins",
    "simulated_basins": "streamflow.simulated",
    "load_camels": "streamflow.camels",
    "published_scores": "streamflow.published",
    "Scaler": "streamflow.sequences",
    "windows": "streamflow.sequences",
    # streamflow: skill
    "nse": "streamflow.skill",
    "kge": "streamflow.skill",
    "scores": "streamflow.skill",
    "by_basin": "streamflow.skill",
    "signatures": "streamflow.signatures",
    "block_bootstrap": "streamflow.uncertainty",
    # streamflow: opponents and models
    "Climatology": "streamflow.baselines",
    "Persistence": "streamflow.baselines",
    "RidgeLags": "streamflow.baselines",
    "Conceptual": "streamflow.baselines",
    "lstm": "streamflow.models",
    "regional_lstm": "streamflow.models",
    "entity_aware_lstm": "streamflow.models",
    "train": "streamflow.training",
    "predict": "streamflow.prediction",
    "load_reference": "streamflow.models",
    # streamflow: pictures and the competition
    "hydrograph": "streamflow.figures",
    "basin_map": "streamflow.maps",
    "write_submission": "competition",
    "validate_submission": "competition",
    "Leaderboard": "leaderboard.client",
    "LeaderboardError": "leaderboard.client",
    "joined": "leaderboard.client",
    "SkillExplorer": "streamflow.explorers.skill",
    "HydrographExplorer": "streamflow.explorers.hydrograph",
    "BasinMapExplorer": "streamflow.explorers.basin_map",
    "HyperparameterExplorer": "streamflow.explorers.hyperparameters",
    "MemoryExplorer": "streamflow.explorers.memory",
    "TrainingMonitor": "panels.monitor",
    # land cover: scenes, filters, scores
    "open_scenes": "landcover.scenes",
    "select_scenes": "landcover.scenes",
    "simulated_scenes": "landcover.simulated",
    "decibel": "landcover.scenes",
    "lee": "landcover.speckle",
    "Confusion": "landcover.skill",
    "macro_f1": "landcover.skill",
    "class_weights": "landcover.class_weights",
    "unet": "landcover.models",
    "ImbalanceExplorer": "landcover.explorers.imbalance",
    "MetricsExplorer": "landcover.explorers.metrics",
    "BackscatterExplorer": "landcover.explorers.backscatter",
    "SpeckleExplorer": "landcover.explorers.speckle",
    "AugmentationExplorer": "landcover.explorers.augmentation",
    "SceneExplorer": "landcover.explorers.scene",
    "BoardExplorer": "leaderboard.explorers.board",
    "SubmitPanel": "leaderboard.explorers.submit",
}

__all__ = sorted(_HOME)  # noqa: PLE0605 - one table says what is public and where it is


def __getattr__(name: str):
    if name.startswith("_") or name not in _HOME:
        close = get_close_matches(name, _HOME, n=1)
        raise AttributeError(f"dla_widgets has no {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
