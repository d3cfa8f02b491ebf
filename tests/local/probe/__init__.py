"""The smallest thing that the supervisor can run as a service."""
