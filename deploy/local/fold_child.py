"""The inside of `./motcua fold`: a stranger's fold, run in a process that can compute, read its facts, write its rows, and nothing else.

Only the standard library: it is started on its own, with an empty environment, in an empty folder. First whatever a fold may import is
loaded. Then the process shuts itself in: time and memory by rlimits, everything else by a list of system calls (seccomp) that has none
to open a file, to reach a network, to start a process or to touch another. Only then is the first line of the fold carried out.

In: one line with the source and the limits, then one fact a line. Out: a line of what the fold is, its rows, and that it is done; or why
not.
"""

from __future__ import annotations

import ctypes
import io
import json
import linecache
import os
import platform
import resource
import struct
import sys
import traceback
from importlib import import_module
from typing import Any

FILE = "fold.py"
MAY_IMPORT = (
    *("__future__", "bisect", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"),
    *("heapq", "itertools", "json", "math", "operator", "re", "statistics", "string", "time", "typing"),
)
"""What a fold may import: nothing of it needs a file once it is there."""
LATER = ("_strptime",)
"""What these load only when they are used."""

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000
X32 = 0x40000000
# read write close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sched_yield mremap madvise nanosleep getpid
# gettimeofday exit sigaltstack gettid futex clock_gettime clock_nanosleep exit_group getrandom rseq
CALLS = {
    "x86_64": (0xC000003E, (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 35, 39, 96, 60, 131, 186, 202, 228, 230, 231, 318, 334)),
    "aarch64": (
        0xC00000B7,
        (63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233, 101, 172, 169, 93, 132, 178, 98, 113, 115, 94, 278, 293),
    ),
}
"""What may be asked of the kernel, by machine: its name in the kernel's list of architectures, and the numbers of the calls."""


class NoWalls(Exception):  # noqa: N818 - says what is missing
    """This machine cannot shut a process in, so nothing is run."""


def shut_in(limits: dict[str, int]) -> None:
    """Let this process never again open, reach or start anything.

    Raises:
        NoWalls: if that cannot be done here.
    """
    for name, value in (
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_AS, limits["memory_mb"] << 20),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (value, value))
    if sys.platform != "linux" or platform.machine() not in CALLS:
        raise NoWalls(sys.platform + " " + platform.machine())
    architecture, calls = CALLS[platform.machine()]
    program = [
        struct.pack("HBBI", LOAD, 0, 0, 4),
        struct.pack("HBBI", JUMP_EQUAL, 1, 0, architecture),
        struct.pack("HBBI", RETURN, 0, 0, KILL),
        struct.pack("HBBI", LOAD, 0, 0, 0),
        struct.pack("HBBI", JUMP_AT_LEAST, 0, 1, X32),
        struct.pack("HBBI", RETURN, 0, 0, KILL),
        *(part for call in calls for part in (struct.pack("HBBI", JUMP_EQUAL, 0, 1, call), struct.pack("HBBI", RETURN, 0, 0, ALLOW))),
        struct.pack("HBBI", RETURN, 0, 0, REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(program))
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, filter_, 0, 0):
        raise NoWalls(os.strerror(ctypes.get_errno()))


def main() -> int:
    """Run one fold."""
    told = json.loads(sys.stdin.buffer.readline())
    out, source = sys.stdout, str(told["source"])
    for name in (*MAY_IMPORT, *LATER):
        import_module(name)
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    # What a fold prints is nobody's row.
    sys.stdout = io.StringIO()

    def say(**line: Any) -> None:
        out.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        out.flush()

    try:
        shut_in(told["limits"])
    except NoWalls as error:
        say(error="no-walls", detail=str(error))
        return 1
    try:
        fold: dict[str, Any] = {"__name__": "fold"}
        exec(compile(source, FILE, "exec"), fold)  # noqa: S102 - behind the walls
        if missing := [name for name in ("NAME", "KEY", "FACTS", "fold", "rows") if name not in fold]:
            say(error="incomplete", detail=", ".join(missing))
            return 1
        say(fold={"name": fold["NAME"], "key": list(fold["KEY"]), "facts": list(fold["FACTS"])})
        state: dict[str, Any] = {}
        for line in sys.stdin.buffer:
            read = json.loads(line)
            fold["fold"](state, {"position": read["position"], **read["event"]})
        for row in fold["rows"](state):
            say(row=row)
    except MemoryError:
        fold = state = {}  # room to say so
        say(error="memory")
        return 1
    except BaseException as error:  # noqa: BLE001 - whatever a stranger's program raises is told to the stranger
        say(error="failed", detail=said(error))
        return 1
    say(done=True)
    return 0


def said(error: BaseException) -> str:
    """Say what went wrong, and on which line of the fold."""
    lines = [f"line {frame.lineno}: {frame.line}" for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    if isinstance(error, SyntaxError) and error.filename == FILE:
        lines = [f"line {error.lineno}: {(error.text or '').strip()}"]
    return "; ".join([*lines[-3:], f"{type(error).__name__}: {error}"])


if __name__ == "__main__":
    sys.exit(main())
