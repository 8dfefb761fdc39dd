"""Lessons as pages to read in any browser: one file each, with explorers that work, no kernel, no internet."""
