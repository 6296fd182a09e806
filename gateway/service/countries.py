"""Reads the country files that ship with the line package."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from gateway.errors import ConfigError
from gateway.line import Country


@lru_cache(maxsize=4)
def read_country(code: str) -> Country:
    """The country's tones, cadences and timings. Raises ConfigError for an unknown code."""
    folder = Path(__file__).parent.parent / "line" / "countries"
    file = folder / f"{code}.toml"
    if not file.is_file():
        known = sorted(each.stem for each in folder.glob("*.toml"))
        raise ConfigError(f"country {code!r} is not known; known are {', '.join(known)}")
    return Country.from_mapping(tomllib.loads(file.read_text(encoding="utf-8")), file=file.name)
