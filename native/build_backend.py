"""In-tree build backend: setuptools' own, plus the cffi extension, without a setup.py.

`pip install .`, `pip install -e .` and `python -m build` all come through here (PEP 517, PEP 660).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import setuptools
from setuptools import build_meta
from setuptools.command.sdist import sdist

# The oldest Python whose stable ABI we use; the wheel is tagged cp311-abi3.
LIMITED_API = "cp311"
# What a source package needs beyond what setuptools finds, to be built, tested and installed from.
EXTRAS = ("native", "tests", "systemd", "Makefile", "CHANGELOG.md")
LEFT_OUT = {"build", "__pycache__"}


def extras() -> list[str]:
    """The files of EXTRAS, without what builds and tools leave behind."""
    found = (path for name in EXTRAS for path in (Path(name), *Path(name).rglob("*")))
    return sorted(
        str(path)
        for path in found
        if path.is_file()
        and not LEFT_OUT & set(path.parts)
        and not any(part.startswith(".") for part in path.parts)
    )


class Sdist(sdist):
    """Adds tests, fuzz targets, units and the Makefile; setuptools finds only what it compiles."""

    def make_distribution(self) -> None:
        self.filelist.extend(extras())
        super().make_distribution()


class Backend(build_meta._BuildMetaBackend):
    """Calls `setuptools.setup` with the extension where setuptools would run setup.py."""

    def run_setup(self, setup_script: str = "setup.py") -> None:
        setuptools.setup(
            cffi_modules=["native/build_engine.py:ffibuilder"],
            cmdclass={"sdist": Sdist},
            options={"bdist_wheel": {"py_limited_api": LIMITED_API}},
        )


_backend: Any = Backend()
build_sdist = _backend.build_sdist
build_wheel = _backend.build_wheel
build_editable = _backend.build_editable
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
get_requires_for_build_editable = _backend.get_requires_for_build_editable
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _backend.prepare_metadata_for_build_editable
