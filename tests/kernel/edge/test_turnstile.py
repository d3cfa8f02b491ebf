"""Who speaks without an account takes from what all share; an empty bucket is a 429 that says when to come again."""

from __future__ import annotations

from ipaddress import ip_network

from starlette.requests import Request

from kernel.edge.caller import network_of
from kernel.edge.problem import Problem
from kernel.edge.turnstile import NETWORKS_MAX, Turnstile


def request(address: str, **headers: str) -> Request:
    """Make a request from an address."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw, "client": (address, 1)})


def let_in(turnstile: Turnstile, address: str, **headers: str) -> bool:
    """Tell whether one more gets in."""
    try:
        turnstile.pass_through(request(address, **headers))
    except Problem as refused:
        return refused.kind.status != 429 or int(refused.headers["Retry-After"]) < 1
    return True


def test_a_network_gets_its_share_and_more_as_time_goes_by() -> None:
    now = [0.0]
    turnstile = Turnstile(60, 1200, clock=lambda: now[0])
    assert sum(let_in(turnstile, "203.0.113.7") for _ in range(100)) == 30
    assert let_in(turnstile, "198.51.100.7")
    assert not let_in(turnstile, "203.0.113.200")
    now[0] = 1.0
    assert let_in(turnstile, "203.0.113.200")


def test_all_networks_share_what_is_let_in_at_all() -> None:
    turnstile = Turnstile(60, 100, clock=lambda: 0.0)
    assert sum(let_in(turnstile, f"203.0.{n}.1") for n in range(80)) == 50


def test_what_a_proxy_says_counts_only_where_it_is_believed() -> None:
    assert network_of("2001:db8:1:2ff::5") == "2001:db8:1:200::/56"
    believing = Turnstile(2, 100, proxies=(ip_network("10.0.0.0/8"),), clock=lambda: 0.0)
    assert [let_in(believing, "10.0.0.1", x_forwarded_for=f"1.2.3.4, 203.0.{n}.9") for n in range(3)] == [True] * 3
    doubting = Turnstile(2, 100, clock=lambda: 0.0)
    assert [let_in(doubting, "10.0.0.1", x_forwarded_for=f"203.0.{n}.9") for n in range(3)] == [True, False, False]


def test_no_more_networks_are_remembered_than_fit() -> None:
    turnstile = Turnstile(60, 1_000_000, clock=lambda: 0.0)
    for n in range(NETWORKS_MAX + 50):
        turnstile.pass_through(request(f"{n >> 8 & 255}.{n & 255}.{n >> 16}.1"))
    assert len(turnstile._networks) == NETWORKS_MAX
