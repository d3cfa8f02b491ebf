"""Reporting, the mirror: registers, counters, satisfaction, and periodic reports as they were published."""
