"""How often somebody may ask. Reading a board is cheap and is not counted."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ..store import Refused

#: what is done -> how often one person, or one address for those who have not said who they are, may do it
LIMITS = {
    "read": "600/minute",
    "change": "60/minute",
    "send a piece": "1200/minute",
    "hand in": "20/minute",
    "try a code": "20/10minutes",
    "post": "20/10minutes",
    "sign in": "300/minute",
    "show a wrong token": "300/minute",
    "say something from a channel": "60/minute",
}


class Rates:
    """Counts in memory: after a restart everybody begins anew, which does no harm."""

    def __init__(self, rates: dict[str, str] | None = None):
        self.rates: dict[str, RateLimitItem] = {what: parse(rate) for what, rate in (LIMITS | (rates or {})).items()}
        self.limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, what: str, who: str) -> None:
        """Count once.

        Raises
        ------
        Refused : 429, too often
        """
        if not self.limiter.hit(self.rates[what], what, who):
            free = self.limiter.get_window_stats(self.rates[what], what, who).reset_time - time.time()
            raise Refused(f"too often: {self.rates[what].amount} times in {self.rates[what].get_expiry()} s is the most to "
                          f"{what}; come again in {max(1, math.ceil(free))} s. Nothing was counted against your entries", 429,
                          come_again=max(1.0, free))
