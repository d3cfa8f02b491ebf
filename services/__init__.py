"""The services of Motcua. Each runs, is tested and is deployed alone; they know each other by contracts only."""
