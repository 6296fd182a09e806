"""The tests in `guest` need the machine's simulated board: elsewhere they are not collected."""

from __future__ import annotations

from tests.vm.guest.board import CONFIG

collect_ignore = [] if CONFIG.is_dir() else ["guest"]
