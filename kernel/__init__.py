"""The only code that the services share; no service's word is in it."""
