"""What each process needs at its rim: settings, the HTTP app, identity, problems, idempotency, health, telemetry, logs.

Import from the modules; nothing is done by importing. No service's word is in here.
"""
