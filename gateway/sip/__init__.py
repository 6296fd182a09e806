"""A sans-IO SIP user agent. README.md beside this file is the map."""

from gateway.errors import RemoteProtocolError
from gateway.sip.events import (
    Answered,
    AuthFailed,
    EndCause,
    Event,
    IncomingCall,
    Malformed,
    MediaChanged,
    Refused,
    SessionEnded,
    SessionOver,
)
from gateway.sip.headers import CSeq, Headers, NameAddr, Via
from gateway.sip.identity import CallerId
from gateway.sip.invite import InviteSession
from gateway.sip.media import PCMA, PCMU, Codec, LocalMedia, NegotiatedMedia, NotAcceptable
from gateway.sip.message import Message, Request, Response
from gateway.sip.parser import parse
from gateway.sip.settings import HeaderFacts, InboundAuth, Limits, StackSettings, Tokens
from gateway.sip.stack import Stack
from gateway.sip.twilio_ids import TwilioIds
from gateway.sip.uri import Uri
from gateway.sip.wire import Datagram, Flow

__all__ = [
    "PCMA",
    "PCMU",
    "Answered",
    "AuthFailed",
    "CSeq",
    "CallerId",
    "Codec",
    "Datagram",
    "EndCause",
    "Event",
    "Flow",
    "HeaderFacts",
    "Headers",
    "InboundAuth",
    "IncomingCall",
    "InviteSession",
    "Limits",
    "LocalMedia",
    "Malformed",
    "MediaChanged",
    "Message",
    "NameAddr",
    "NegotiatedMedia",
    "NotAcceptable",
    "Refused",
    "RemoteProtocolError",
    "Request",
    "Response",
    "SessionEnded",
    "SessionOver",
    "Stack",
    "StackSettings",
    "Tokens",
    "TwilioIds",
    "Uri",
    "Via",
    "parse",
]
