from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.media.rig import Rig, rig


@pytest.fixture
def media() -> Iterator[Rig]:
    with rig() as made:
        yield made
