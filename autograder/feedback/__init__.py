"""What a learner gets back: one small page that says what was right, which mistake it is, and what to read next."""
