"""What a learner moves in the land-cover project; each explorer is one class and one ES module beside it."""
