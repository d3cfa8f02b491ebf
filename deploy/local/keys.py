"""Keys that sign the seals of a service's log, and those that sign its papers, made on first use and kept in the data folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kernel.eventlog.seal import key_id_of, load_key
from kernel.paper.signing import trial_signer

if TYPE_CHECKING:
    from pathlib import Path


def prepare_seal_key(path: Path) -> None:
    """Make an Ed25519 key (PKCS #8 PEM, mode 0600) unless there is one."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    unfinished.replace(path)


def prepare_trial_signer(key: Path, certificate: Path) -> None:
    """Make a key for papers and a certificate that says of itself that it binds nobody, unless there are both."""
    if key.exists() and certificate.exists():
        return
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = trial_signer()
    key.touch(mode=0o600)
    key.write_bytes(made.private_pem)
    certificate.write_bytes(made.pem)


def trusted_keys(folder: Path, service: str) -> dict[str, Ed25519PublicKey]:
    """Give the public half of the key that signs a service's seals here, by its id."""
    key = load_key(folder / f"{service}.pem").public_key()
    return {key_id_of(key): key}
