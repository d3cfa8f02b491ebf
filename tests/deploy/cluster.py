"""Three nats-servers of the wheel with the very configuration that production mounts: users, TLS, sync on every write.

Only what the machine decides is replaced: addresses, ports and folders, and the name of the node, which a pod would bring.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from deploy.local.processes import answers, free_port, spawn, stop, wait_until

NODES: Final = ("nats-0", "nats-1", "nats-2")
START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Cluster:
    """Three nodes that run. `authority` is the file of the certificate that their clients have to trust."""

    ports: tuple[int, ...]
    authority: Path
    passwords: Mapping[str, str]

    def url(self, user: str, *, scheme: str = "tls") -> str:
        """Give the addresses as a Secret would hold them."""
        return ",".join(f"{scheme}://{user}:{self.passwords[user]}@localhost:{port}" for port in self.ports)


def users_of(text: str) -> set[str]:
    """Read who may connect from `users.conf`."""
    return {name.lower() for name in re.findall(r"\$(\w+)_PASSWORD", text)}


@contextmanager
def cluster(configuration: Mapping[str, str], folder: Path) -> Generator[Cluster]:
    """Run three nodes with the files of the ConfigMap `nats`."""
    ports: dict[tuple[str, int], int] = {}
    for node in NODES:
        for port in (4222, 6222, 8222):
            ports[node, port] = free_port(frozenset(ports.values()))
    authority = certificates(folder / "tls")
    # A password that begins with a digit would be read as a number.
    passwords = {user: f"p{os.urandom(16).hex()}" for user in users_of(configuration["users.conf"])}
    processes = [launch(node, configuration, folder, ports, passwords) for node in NODES]
    try:
        for node in NODES:
            url = f"http://127.0.0.1:{ports[node, 8222]}/healthz"
            wait_until(lambda url=url: answers(url), within_seconds=START_SECONDS, what=f"{node} answers", log=folder / f"{node}.log")
        yield Cluster(tuple(ports[node, 4222] for node in NODES), authority, passwords)
    finally:
        for process in processes:
            stop(process, signal.SIGKILL, within_seconds=START_SECONDS)


def launch(
    node: str, configuration: Mapping[str, str], folder: Path, ports: Mapping[tuple[str, int], int], passwords: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start one node."""
    home = folder / node
    home.mkdir()
    for name, text in configuration.items():
        here = text.replace("/etc/nats-tls", str(folder / "tls")).replace('"/data"', f'"{home}/data"')
        here = re.sub(r"0\.0\.0\.0:(\d+)", lambda m: f"127.0.0.1:{ports[node, int(m[1])]}", here)
        here = re.sub(r"(nats-\d)\.nats:(\d+)", lambda m: f"localhost:{ports[m[1], int(m[2])]}", here)
        (home / name).write_text(here, encoding="utf-8")
    program = shutil.which("nats-server", path=os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"])))
    environment = {"POD_NAME": node, **{f"{user.upper()}_PASSWORD": password for user, password in passwords.items()}}
    argv = [str(program), "--config", home / "nats.conf"]
    return spawn(argv, log=folder / f"{node}.log", when_parent_dies=signal.SIGKILL, environment=environment)


def certificates(folder: Path, ends_at: datetime | None = None) -> Path:
    """Make an authority, unless it is there, and a certificate of its for every node, good until an instant (None: for a day).

    Returns:
        The authority's file.
    """
    folder.mkdir(exist_ok=True)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    kept = folder / "ca.key"
    if not kept.exists():
        made = generate_private_key(SECP256R1())
        kept.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "ca.crt").write_bytes(signed(issuer, issuer, made, made, (x509.BasicConstraints(ca=True, path_length=0), True)))
    authority, key = load_pem_private_key(kept.read_bytes(), None), generate_private_key(SECP256R1())
    assert isinstance(authority, EllipticCurvePrivateKey)
    local = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nats")])
    (folder / "tls.crt").write_bytes(signed(name, issuer, key, authority, (local, False), ends_at))
    (folder / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "ca.crt"


def signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    by: EllipticCurvePrivateKey,
    extension: tuple[Any, bool],
    ends_at: datetime | None = None,
) -> bytes:
    """Sign one certificate, good until an instant (None: for a day)."""
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(ends_at or now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    return builder.add_extension(extension[0], critical=extension[1]).sign(by, SHA256()).public_bytes(Encoding.PEM)
