"""The exercises of ``course/streamflow``, one file a lesson."""

from ...exercise import Exercise

EXERCISES: list[Exercise] = []
