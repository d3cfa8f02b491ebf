"""Step 6 of 8, consume: reporting reads everybody's facts and answers none of them.

Its read model reads intake, processing and feedback from their streams and its own log from its table (see projections); a
batch is cut before the first event whose cause is not applied yet, so nothing is shown before what led to it.
"""

from __future__ import annotations

from typing import Final

from kernel.eventlog import Reactor

REACTORS: Final[tuple[Reactor, ...]] = ()
