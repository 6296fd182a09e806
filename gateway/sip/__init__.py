"""A sans-IO SIP user agent. README.md beside this file is the map."""

from gateway.errors import RemoteProtocolError
from gateway.sip.accounts import Account, RegistrationStatus
from gateway.sip.events import (
    Answered,
    AuthFailed,
    DigitReceived,
    EndCause,
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
from gateway.sip.headers import CSeq, Headers, NameAddr, Via
from gateway.sip.identity import CallerId
from gateway.sip.invite import InviteSession
from gateway.sip.media import (
    PCMA,
    PCMU,
    Codec,
    LocalMedia,
    NegotiatedMedia,
    NotAcceptable,
    Srtp,
    SrtpPolicy,
)
from gateway.sip.message import Message, Request, Response
from gateway.sip.outgoing_call import OutgoingCall
from gateway.sip.parser import parse
from gateway.sip.referral import Referral
from gateway.sip.session import Session
from gateway.sip.settings import HeaderFacts, InboundAuth, Limits, StackSettings, Tokens
from gateway.sip.stack import Stack
from gateway.sip.twilio_ids import TwilioIds
from gateway.sip.uri import Uri
from gateway.sip.wire import Datagram, Flow, Lookup, Target

__all__ = [
    "PCMA",
    "PCMU",
    "Account",
    "Answered",
    "AuthFailed",
    "CSeq",
    "CallerId",
    "Codec",
    "Datagram",
    "DigitReceived",
    "EndCause",
    "Event",
    "FlashReceived",
    "Flow",
    "HeaderFacts",
    "Headers",
    "InboundAuth",
    "IncomingCall",
    "InviteSession",
    "Limits",
    "LocalMedia",
    "Lookup",
    "Malformed",
    "MediaChanged",
    "Message",
    "MessagesWaiting",
    "NameAddr",
    "NegotiatedMedia",
    "NotAcceptable",
    "OfferRefused",
    "OutgoingCall",
    "Progress",
    "Referral",
    "Refused",
    "RegistrarLeft",
    "RegistrationChanged",
    "RegistrationStatus",
    "RemoteProtocolError",
    "Request",
    "Response",
    "Session",
    "SessionEnded",
    "SessionOver",
    "Srtp",
    "SrtpPolicy",
    "Stack",
    "StackSettings",
    "Target",
    "Tokens",
    "TransferProgress",
    "TransferRequested",
    "TwilioIds",
    "Uri",
    "Via",
    "parse",
]
