"""What was put right in a submission, a sentence each, in the notebook itself: for the advisor, and for feedback."""

from __future__ import annotations

from nbformat import NotebookNode

MOST = 50


def note(nb: NotebookNode, step: str, text: str, cell: str | None = None) -> None:
    """Keep in ``metadata["dla"]["repairs"]`` that `step` has put something right, at `cell` if it was one."""
    kept = nb.metadata.get("dla")
    about = dict(kept) if isinstance(kept, dict) else {}
    repairs = about.get("repairs") if isinstance(about.get("repairs"), list) else []
    made = {"step": step, "cell": cell, "text": text[:500]}
    if made not in repairs and len(repairs) < MOST:
        repairs = [*repairs, made]
    nb.metadata["dla"] = about | {"repairs": repairs}
