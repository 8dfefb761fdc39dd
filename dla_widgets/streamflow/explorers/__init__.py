"""What a learner moves in the streamflow project; each explorer is one class and one ES module beside it."""
