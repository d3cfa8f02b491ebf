"""Motcua on one machine: real PostgreSQL and NATS from wheels, the four services, one supervisor, one command."""
