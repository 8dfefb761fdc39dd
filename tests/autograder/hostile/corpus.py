"""The hostile table: every case by name. A name is the learner's, and nbgrader grades them in alphabetical order."""

from . import active, damage, folder, forged, greedy, honest, lies, network, reaching, runaway

TOPICS = {"honest": honest, "runaway": runaway, "greedy": greedy, "reaching": reaching, "forged": forged, "lies": lies,
          "active": active, "folder": folder, "network": network,
          "damage": damage}
CASES = {name: case for topic in TOPICS.values() for name, case in topic.CASES.items()}
