"""A submission runs here, apart from everything: see README.md in this folder."""
