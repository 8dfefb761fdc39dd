"""Would this pass? A learner asks the advisor's service, a few times an hour, and hears yes or no for each question.

The service judges behind the same wall as grading, with numbers of its own: neither the learner's practice nor the grading
run draws them. It says nothing else, no number and no mistake: those are for the check in the notebook.
"""
