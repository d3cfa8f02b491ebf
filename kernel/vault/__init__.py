"""Personal data kept apart from the facts: sealed in, read under a purpose, erased.

A fact holds a reference and a commitment. The commitment (SHA-256 over a random salt and the canonical document) proves
later what the document was, and says nothing about it without the salt, which is erased together with it.
"""

from kernel.vault.keys import KeyRing
from kernel.vault.vault import ENTRY, Erased, Opened, Sealed, Vault, commitment_of, verify_commitment

__all__ = ["ENTRY", "Erased", "KeyRing", "Opened", "Sealed", "Vault", "commitment_of", "verify_commitment"]
