"""Processing, the department: workflows published, cases opened, worked, paused, decided, results and permits issued."""
