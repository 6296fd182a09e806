"""The cffi builder of gateway.media._engine (API mode, stable ABI).

The declarations come from the one public header. cffi's parser knows no preprocessor, so every
line that starts with `#` is dropped; the header is written so that nothing else is lost by that.
"""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
HEADER = HERE / "include" / "tipring_engine.h"


def declarations(header: str) -> str:
    """The header's text as cffi takes it: without comments and preprocessor lines."""
    without_comments = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    kept = (line for line in without_comments.splitlines() if not line.startswith("#"))
    return "\n".join(kept)


def sources() -> list[str]:
    """All C files of the engine, relative to the project's root as setuptools wants them."""
    return sorted(str(path.relative_to(ROOT)) for path in (HERE / "src").rglob("*.c"))


def headers() -> list[str]:
    """All headers: a change in one rebuilds the extension."""
    found = [*HERE.joinpath("src").rglob("*.h"), HEADER]
    return sorted(str(path.relative_to(ROOT)) for path in found)


ffibuilder = FFI()
ffibuilder.cdef(declarations(HEADER.read_text(encoding="utf-8")))
ffibuilder.set_source(
    "gateway.media._engine",
    '#include "tipring_engine.h"',
    sources=sources(),
    depends=headers(),
    include_dirs=["native/include", "native/src"],
    define_macros=[("_GNU_SOURCE", None)],
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden"],
    # Bound when loaded: the first call of a function must not look it up on the real-time thread.
    extra_link_args=["-Wl,-z,now"],
    libraries=["srtp2", "nettle", "m", "pthread"],
    py_limited_api=True,
)
