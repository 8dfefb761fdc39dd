"""Addresses of services and tokens for them, kept on this machine in files that only their owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path


def kept_in(name: str) -> Path:
    """The file that keeps address and token of the service `name`."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "dla" / f"{name}.json"


def remembered(name: str) -> tuple[str, str]:
    """Address and token as they were kept; empty if they were not."""
    try:
        kept = json.loads(kept_in(name).read_text(encoding="utf-8"))
        return str(kept["service"]), str(kept["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", ""


def remember(name: str, service: str, token: str) -> None:
    """Keep address and token for the next time. At no moment can others read them."""
    file = kept_in(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{name}-")  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            json.dump({"service": service, "token": token}, new)
        os.replace(draft, file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
