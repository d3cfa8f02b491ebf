"""What the services promise each other: every fact that may leave a service, one module per publishing service."""
