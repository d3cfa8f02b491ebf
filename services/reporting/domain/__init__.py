"""Step 3 of 8, decide: reports as they are published. Pure."""
