"""What a learner has of the leaderboard: the inputs of a competition, and the checks that the service makes as well."""
