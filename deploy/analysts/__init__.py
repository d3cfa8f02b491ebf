"""For analysts: the facts as other tools like them. Everything here reads facts one by one, from a stream or from an exported bundle."""
