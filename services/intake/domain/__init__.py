"""Step 3 of 8, decide: what may happen at the door. Pure: time, ids and look-ups come in as arguments."""
