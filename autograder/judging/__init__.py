"""The judge's side: it has the probes, the salts and the references, asks the submission, and compares."""

from .notebook import judge_notebook

__all__ = ["judge_notebook"]
