"""The leaderboard in a notebook: the board as it changes, and the panel that hands in a file."""
