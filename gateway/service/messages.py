"""The kinds of journal records, each with its MESSAGE_ID.

An id never changes and is never used again for another meaning: `journalctl MESSAGE_ID=...`, the
catalog in `systemd/tipring.catalog` and other people's scripts hold on to it.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class Priority(IntEnum):
    """syslog priorities (RFC 5424 section 6.2.1), as journald takes them."""

    EMERG = 0
    ALERT = 1
    CRIT = 2
    ERR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7


class Message(Enum):
    """A kind of record: its id (128 bits in hexadecimal) and its usual priority."""

    def __init__(self, id: str, priority: Priority) -> None:
        self.id = id
        self.priority = priority

    # --- service ---------------------------------------------------------------------------------

    STARTED = "dc1bee773b7446089dbce4e634c43db1", Priority.NOTICE
    """The process began; nothing works yet."""

    READY = "0e7b0b64df494a5b804782b989d292fe", Priority.NOTICE
    """Lines and listeners work."""

    STOPPING = "9199d3066dfc4db4976922de402f510e", Priority.NOTICE
    """Asked to end: calls are being ended."""

    STOPPED = "52df13a2c0244076a54f2becf54d3edf", Priority.NOTICE
    """Everything is parked."""

    CONFIG_REFUSED = "a76ebdb79e8f4e7988124c216b199d9c", Priority.ERR
    """One thing wrong with the configuration."""

    CONFIG_WARNING = "c59d4889b4f44b8380f6e8d42951b5da", Priority.WARNING
    """The configuration works, though perhaps not as meant."""

    START_FAILED = "856088cf03ed4089b9011d2787884192", Priority.ERR
    """The service cannot start: a device, a port or a right is missing."""

    HARDWARE_FINDING = "2c98daad378244dc975e9190e2f41b98", Priority.WARNING
    """Something is wrong with the hardware of a service that could not start."""

    REALTIME_REFUSED = "20e16a95e8f847a7a3f1c59c01d84aa9", Priority.WARNING
    """The system refused real-time priority or locked memory."""

    HEARTBEAT_LOST = "612bc28841324a99a991fece1bca097b", Priority.CRIT
    """Loop or engine stands still: the watchdog is not fed."""

    RECORDS_DROPPED = "65628bba825748f998388af4f39aac3c", Priority.WARNING
    """The journal was slower than we wrote."""

    CONTROL_REFUSED = "8ebd5e066a0b4627b7aba3a3d6c21613", Priority.WARNING
    """A control client did something wrong."""

    INTERNAL_ERROR = "124015d11fa2478abc9d79327e72def8", Priority.ERR
    """A defect of ours; the service goes on."""

    # --- network ---------------------------------------------------------------------------------

    LISTENING = "7d3c7615e7fd4d3c8190b2b189cbe156", Priority.INFO
    """A SIP listener is open."""

    NAME_FAILED = "a39e8a1cad6b4e2f9034ab847f2a12f9", Priority.WARNING
    """A host name could not be resolved."""

    SEND_FAILED = "bca68d4cf5aa46b0b019c9b7bfcb3324", Priority.WARNING
    """A message could not be sent."""

    ADDRESS_CHANGED = "2a21b88b81854409a4c3cb4096797309", Priority.NOTICE
    """Others reach us at another address than before."""

    # --- accounts --------------------------------------------------------------------------------

    REGISTERED = "3a369fab96a448ba882a824f5c21706a", Priority.NOTICE
    """A registrar knows where we are."""

    REGISTRATION_FAILED = "2172398e7c674f50afce3451b88fe87b", Priority.WARNING
    """A registrar refused us, or was not reached."""

    UNREGISTERED = "251b5f39a2bc433e9a630d17faeca9f6", Priority.NOTICE
    """A registrar was told to forget us."""

    MESSAGES_WAITING = "72d50cb8982842488960c68566c0ac6f", Priority.INFO
    """A mailbox tells how many messages it has."""

    # --- lines -----------------------------------------------------------------------------------

    LINE_READY = "a7a1d195731e41b8bf4ab35fd29dbcfc", Priority.INFO
    """A line is in service."""

    LINE_FAULT = "e91cb004765a4af594b2a44773d79a4d", Priority.ERR
    """A line is out of service."""

    LINE_STATE = "ffd6a21087734e1a83fd209ffa9112d3", Priority.INFO
    """A line changed its state: ringing, off-hook, idle."""

    LINE_DIGIT = "afae64ed169941a8ae92f97b6273b18e", Priority.DEBUG
    """A digit was dialled at the phone."""

    LINE_GUARDED = "1587c5ee30004be5b06522a2713b2a45", Priority.DEBUG
    """The decoder heard a digit that we had played to the phone: it is ignored."""

    SOUND_LOST = "2176393de30540ad954115a5d100ed97", Priority.ERR
    """A line's sound card is missing, or does not work."""

    SOUND_WORKS = "91270282fa074bca88da3d24d23e0060", Priority.NOTICE
    """A line's sound card works again."""

    SOUND_WARNING = "8184b46f7cb540fc9f5cc30df2602997", Priority.WARNING
    """A line's sound card works, though not as wanted."""

    # --- calls -----------------------------------------------------------------------------------

    CALL_INCOMING = "2f704265a59047588be9a8361f999ae9", Priority.INFO
    """A peer calls."""

    CALL_OUTGOING = "60ec401ccf0748e587d0db755c381a8c", Priority.INFO
    """The phone calls somebody."""

    CALL_NOT_PLACED = "e94c21379c2f41cf9a388c35e9d5c16c", Priority.WARNING
    """What was dialled could not be called."""

    CALL_RINGING = "a35f37fab34b485f8a936d6fdff6a6d2", Priority.INFO
    """The bell rings, here or there."""

    CALL_ANSWERED = "bf8474c004b646cc84498831cbbb4b29", Priority.INFO
    """The handset was lifted, here or there."""

    CALL_CONFIRMED = "6774fb0d01bf4a7c8b4c21fa3a0b1278", Priority.DEBUG
    """The peer acknowledged the answer."""

    CALL_MEDIA = "6812f0ca445b4e6a9a4b45d8e8318da2", Priority.INFO
    """Codec, addresses or direction agreed or changed."""

    CALL_DIGIT = "2b17a788dded441b80b78590a79dd742", Priority.DEBUG
    """A digit came from the peer."""

    CALL_TRANSFER = "ce827ee12cba41ed9e97e8b62550eedb", Priority.INFO
    """The call is sent to somebody else."""

    CALL_TROUBLE = "5c1c0d1c35c84b3db8b8a5d2b4f0b6a1", Priority.WARNING
    """Something of a call did not work; the call goes on."""

    CALL_ENDED = "ba4f5b0470fa4c068fe5bbc589182d4f", Priority.INFO
    """The call is over."""

    CALL_RECORD = "f5d56ef584784acb9c26c59897ddfb09", Priority.NOTICE
    """The one record of a finished call."""

    CALL_REFUSED = "ebed760c3de24f25978d586f822275fb", Priority.INFO
    """A call was refused."""

    RTP_FIRST = "8a06cd54c4104fd6bedcd92c69a08632", Priority.INFO
    """The first RTP packet came."""

    RTP_TIMEOUT = "3facff86305d4232b89de51f676fd685", Priority.WARNING
    """No RTP for too long."""

    RTP_RESUMED = "34bb8821c5de4f1e8a9e818d118678a2", Priority.INFO
    """RTP comes again."""

    # --- security --------------------------------------------------------------------------------

    STRANGERS = "4143e6e4f52c41b3b949acb060a91bd0", Priority.NOTICE
    """Datagrams from outside allow_from got no answer; a count."""

    AUTH_FAILED = "69d54e1503194deaa8770f3fd0a89f56", Priority.WARNING
    """Wrong or unknown credentials."""

    MALFORMED = "32969d9b4bf14ab5bb61e26e5f17da16", Priority.WARNING
    """A message that breaks the standard."""

    KEYS_EXPOSED = "63ba41af07d009d55d6a13333fd38d27", Priority.WARNING
    """SRTP keys went over signalling that is not encrypted; once."""

    REQUEST_REFUSED = "f78c5ba114c04d0393805b4dd05a2991", Priority.INFO
    """The stack refused a request."""
