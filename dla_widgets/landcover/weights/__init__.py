"""Bundled reference models: one ``.keras`` file and one card each, remade by :mod:`.make`."""
