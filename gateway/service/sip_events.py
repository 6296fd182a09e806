"""Hands what the stack reports to who acts on it and to who writes it down."""

from __future__ import annotations

from gateway.call.switchboard import Switchboard
from gateway.service.registration_journal import RegistrationJournal
from gateway.service.security_journal import SecurityJournal
from gateway.sip import (
    Answered,
    AuthFailed,
    DigitReceived,
    Event,
    FlashReceived,
    IncomingCall,
    Malformed,
    MediaChanged,
    MessagesWaiting,
    OfferRefused,
    Progress,
    Refused,
    RegistrarLeft,
    RegistrationChanged,
    SessionEnded,
    SessionOver,
    TransferProgress,
    TransferRequested,
)


class SipEvents:
    """One event at a time, in the order of the stack."""

    def __init__(
        self,
        switchboard: Switchboard,
        registrations: RegistrationJournal,
        security: SecurityJournal,
    ) -> None:
        self._switchboard = switchboard
        self._registrations = registrations
        self._security = security

    def handle(self, event: Event, now: float) -> None:
        """What the event means for calls, accounts and the journal."""
        match event:
            case RegistrationChanged(status):
                self._registrations.told(status, now)
            case RegistrarLeft():
                self._registrations.left(event)
            case MessagesWaiting(account, waiting, new, old):
                self._registrations.messages(account, waiting, new, old)
                self._switchboard.messages_waiting(account, waiting, now)
            case Refused() | AuthFailed() | Malformed():
                self._security.told(event)
            case SessionOver():
                pass
            case _:
                self._of_call(event, now)

    def _of_call(self, event: Event, now: float) -> None:
        board = self._switchboard
        match event:
            case IncomingCall(session):
                board.incoming(session, now)
            case Progress(session, status):
                board.progress(session, status, now)
            case Answered(session):
                self._security.media_agreed(session)
                board.answered(session, now)
            case MediaChanged(session, media):
                self._security.media_agreed(session)
                board.media_changed(session, media, now)
            case OfferRefused(session, status):
                board.offer_refused(session, status)
            case SessionEnded(session, why, status):
                board.session_ended(session, why, status, now)
            case TransferRequested(session, transfer):
                board.transfer_requested(session, transfer, now)
            case TransferProgress(session, status, done):
                board.transfer_progress(session, status, done)
            case DigitReceived(session, digit, duration_ms):
                board.info_digit(session, digit, duration_ms)
            case FlashReceived(session):
                board.flash_received(session)
