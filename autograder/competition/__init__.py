"""The competition: who may hand in what, how it is scored, and what everybody sees of it.

One library and two front doors: the service (:mod:`.service`), which alone holds the held-out truth and the database, and
the learner's client (:mod:`dla_widgets.leaderboard`), which holds neither. A competition is a folder::

    competition.yaml   the rules (rules.py)
    inputs/            what learners get
    secret/            the held-out truth and the split, read by nobody else
"""
