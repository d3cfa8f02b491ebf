"""Step 3 of 8, decide: one invitation, one rating, one opinion; pure."""
