"""Step 3 of 8, decide: one invitation, one class of answers, one opinion; pure."""
