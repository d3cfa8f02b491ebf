"""Within an image's build: a bill of materials that is the same whenever the lock is. Reads uv's from standard input."""

from __future__ import annotations

import json
import sys


def lasting(text: str) -> str:
    """Take out what differs from one export to the next, and bring the rest into an order."""
    bill = json.loads(text)
    bill.pop("serialNumber", None)
    bill["metadata"].pop("timestamp", None)
    return json.dumps(bill, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(lasting(sys.stdin.read()))
