"""Step 1 of 8, http_api: whose connection it is: behind a gateway, whom the gateway speaks for, if it is one that is believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final, TypeAlias

from starlette.requests import Request

PREFIX_V4: Final = 24
PREFIX_V6: Final = 56
"""A network: what one subscriber, or one office, usually has."""

IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def caller_of(request: Request, proxies: Sequence[IPNetwork]) -> str:
    """Give the address of whoever asks: of the connection, or what the last believed proxy says of it."""
    address = request.client.host if request.client else ""
    for said in reversed(request.headers.get("x-forwarded-for", "").split(",")):
        if not said.strip() or not within(address, proxies):
            break
        address = said.strip()
    return address


def within(address: str, networks: Sequence[IPNetwork]) -> bool:
    """Tell whether an address is in one of some networks."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def network_of(address: str) -> str:
    """Give the network of an address; whatever is no address is one network of its own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    prefix = PREFIX_V4 if found.version == 4 else PREFIX_V6  # noqa: PLR2004 - the protocol's number
    return str(ipaddress.ip_network(f"{found}/{prefix}", strict=False))
