"""``dla would-pass``: ask the advisor's service whether the answers in a notebook would pass; yes or no for each question."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import requests

from . import accounts

MOST_BYTES = 5_000_000
SERVICE = "would_pass"


class WouldPassError(ValueError):
    """The service cannot be asked, or does not answer; the message says what to do."""


@dataclass(frozen=True)
class Answer:
    """Question -> whether it would pass, and how many askings are left for now."""

    lesson: str
    questions: dict[str, bool]
    left: int


def ask(notebook: Path, service: str, token: str, timeout: float = 600.0) -> Answer:
    """Ask `service` about `notebook`. Outputs stay at home.

    Raises
    ------
    WouldPassError : there is no such notebook, it is no lesson, or the service refuses or cannot be reached
    """
    lesson, body = _read(notebook)
    try:
        said = requests.post(f"{service.rstrip('/')}/would-pass/{lesson}", data=body, timeout=(10, timeout),
                             headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                             allow_redirects=False)
        answer = said.json()
    except requests.RequestException as error:
        raise WouldPassError(f"{service} does not answer ({type(error).__name__}); is the address right, and has your advisor "
                             "started the service?") from error
    if said.status_code != 200 or not isinstance(answer, dict):
        reason = answer.get("error") if isinstance(answer, dict) else None
        raise WouldPassError(str(reason or f"{service} answered with status {said.status_code}"))
    return Answer(answer["lesson"], answer["questions"], answer["left"])


def _read(notebook: Path) -> tuple[str, bytes]:
    """The lesson, and the notebook without its outputs."""
    try:
        data = json.loads(Path(notebook).read_text(encoding="utf-8"))
        lesson = data["metadata"]["dla"]["lesson"]
        for cell in data["cells"]:
            if cell.get("cell_type") == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except FileNotFoundError:
        raise WouldPassError(f"there is no file {notebook}") from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        raise WouldPassError(f"{notebook} is not the notebook of a lesson") from None
    body = json.dumps(data).encode()
    if len(body) > MOST_BYTES:
        raise WouldPassError(f"{notebook} has {len(body) / 1e6:.1f} MB without its outputs; at most {MOST_BYTES / 1e6:g} MB "
                             "are read")
    return lesson, body


def settings() -> Path:
    """The file that keeps address and token; it can be read by its owner only."""
    return accounts.kept_in(SERVICE)


def remembered() -> tuple[str, str]:
    """Address and token as they were kept; empty if they were not."""
    return accounts.remembered(SERVICE)


def remember(service: str, token: str) -> None:
    """Keep address and token for the next time."""
    accounts.remember(SERVICE, service, token)
