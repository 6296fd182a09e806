"""The doctor's word on hardware in the journal, when the service could not start because of it."""

from __future__ import annotations

from gateway.errors import HardwareError
from gateway.hardware.finding import Finding
from gateway.service.doctor.case import Case
from gateway.service.doctor.examination import HARDWARE, examine
from gateway.service.journal import Journal, Message


def explain(error: HardwareError, case: Case, journal: Journal) -> None:
    """A record for each finding that the error does not tell already; the lines are closed."""
    for each in examine(case, HARDWARE):
        finding = Finding(each.level, each.subject, each.text, each.fix)
        if each.level != "ok" and str(finding) not in str(error):
            journal.write(Message.HARDWARE_FINDING, str(finding))
