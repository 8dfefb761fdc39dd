"""A whole cohort: who is to be graded, by how many at once, and what happens when somebody pulls the plug."""
