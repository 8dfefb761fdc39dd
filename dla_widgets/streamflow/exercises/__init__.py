"""The exercises of ``course/streamflow``, one file a lesson."""

from importlib import import_module
from pkgutil import iter_modules

from ...exercise import Exercise

EXERCISES = list(dict.fromkeys(  # a lesson's file may name those of its second file again
    thing
    for lesson in iter_modules(__path__)
    for thing in vars(import_module(f"{__name__}.{lesson.name}")).values()
    if isinstance(thing, Exercise)
))
