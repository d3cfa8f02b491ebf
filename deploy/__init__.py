"""How Motcua is run: one machine, compose, Kubernetes."""
