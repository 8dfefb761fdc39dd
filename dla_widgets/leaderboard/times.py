"""Times as one says them."""

from __future__ import annotations

from datetime import UTC, datetime


def span(left: float) -> str:
    """
    >>> span(3 * 86400 + 3700), span(59 * 60), span(12), span(0)
    ('3 days 1 h', '59 min', '12 s', '0 s')
    """
    whole = max(0, int(left + 0.5))
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} day{'s' * (days > 1)}" + f" {hours} h" * bool(hours)
    if hours:
        return f"{hours} h" + f" {minutes} min" * bool(minutes)
    return f"{minutes} min" if minutes else f"{whole} s"


def ago(spent: float) -> str:
    """
    >>> ago(20), ago(200), ago(7300), ago(200_000)
    ('just now', '3 min ago', '2 h ago', '2 days ago')
    """
    for unit, seconds in (("day", 86400), ("h", 3600), ("min", 60)):
        if spent >= seconds:
            count = int(spent // seconds)
            return f"{count} {unit}{'s' * (unit == 'day' and count > 1)} ago"
    return "just now"


def at(text: str) -> datetime:
    """A time as the service tells it, ISO 8601 in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def since(text: str) -> str:
    """How long ago it was."""
    return ago((datetime.now(UTC) - at(text)).total_seconds())
