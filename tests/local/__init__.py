"""The launcher, the embedded servers and the supervisor."""
