"""One account's registration (RFC 3261 section 10): its states as a table, and what drives it.

Refreshed at half of what was granted, tried again with growing patience, moved to the next
registrar when one fails and back to the first when that works again, removed at stop. Whatever goes
wrong is kept in words for the owner.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from gateway.sip.accounts import Account, RegistrationStatus
from gateway.sip.backoff import Backoff
from gateway.sip.bindings import granted_s
from gateway.sip.client_request import ClientRequest, RequestHost
from gateway.sip.context import Context
from gateway.sip.digest_client import Credentials
from gateway.sip.events import RegistrarLeft, RegistrationChanged
from gateway.sip.headers import Via
from gateway.sip.message import Response
from gateway.sip.register import Register, service_route, wait_asked
from gateway.sip.registrars import Registrars
from gateway.sip.registration_table import LEAVING, REGISTRATION, SHOWN, UP
from gateway.sip.wire import Flow

# RFC 5626 section 4.5 with a shorter start: a registrar that restarts is back within seconds.
_FAILED_S: Final = (2.0, 300.0)
# The first lost connection in a row is replaced within a second.
_LOST_S: Final = (0.5, 300.0)
# A path that lived so long was a good one: the next loss is a first one.
_STABLE_S: Final = 30.0
# twilio.md 19: never more than one REGISTER a second, but for answers to a challenge or a 423.
_SPACING_S: Final = 1.0
# A NAT with many addresses may show another one each time: follow it, but not in a circle.
_MOVE_AGAIN_S: Final = 60.0

_PORT: Final = re.compile(r"[0-9]{1,5}")


class Registration:
    """The registration of one account.

    `flow` is where the binding lives, None where there is none. `on_up` hears of every grant;
    `anew` where it is no mere refresh: another path or Contact, or the first one after a failure.
    """

    def __init__(
        self, context: Context, host: RequestHost, account: Account, credentials: Credentials
    ) -> None:
        self._context = context
        self._host = host
        self._credentials = credentials
        self._register = Register(context, account)
        self._registrars = Registrars(account)
        self._request: ClientRequest | None = None
        self._failures = Backoff(context.tokens, *_FAILED_S)
        self._losses = Backoff(context.tokens, *_LOST_S)
        self._suspect = False  # whether `flow` may lead nowhere by now
        self._was: tuple[Flow | None, str] = (None, "")
        self._sent_at = float("-inf")
        self._granted_at = 0.0
        self._moved_at = float("-inf")
        self._asked_to_wait = 0.0
        self._next_try: float | None = None
        self._granted_until: float | None = None
        self._error = ""
        self.account = account
        self.on_up: Callable[[float, bool], None] = _nobody
        self.state = "off"
        self.history: tuple[str, ...] = ("off",)
        self.flow: Flow | None = None
        self.service_route: list[str] = []

    # --- what others read -----------------------------------------------------------------------

    @property
    def status(self) -> RegistrationStatus:
        """How it fares, for the owner."""
        return RegistrationStatus(
            self.account.name,
            SHOWN.get(self.state, self.state),
            self._registrars.uri,
            self._error,
            self._next_try,
            self._granted_until,
            self._register.contact,
        )

    @property
    def up(self) -> bool:
        """Whether the registrar has our binding, for all we know."""
        return self.state in UP

    @property
    def way(self) -> Flow | None:
        """The path that requests may take without looking for one: it worked the last time."""
        return None if self._suspect else self.flow

    @property
    def home(self) -> str:
        """The registrar that has our binding, or had the last one."""
        return self._registrars.home

    @property
    def busy(self) -> bool:
        """Whether a registrar still has to hear that we leave."""
        return self.state in LEAVING

    # --- what the stack does --------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Begin to register."""
        self._feed("start", now)

    def stop(self, now: float) -> None:
        """Take our Contact away (section 10.2.2)."""
        self._feed("stop", now)

    def renew(self, now: float) -> None:
        """Our addresses are others than before: register at once, by a path found anew."""
        self._feed("changed", now)

    def readdress(self, now: float) -> None:
        """Others see us elsewhere: register at once where our Contact is not true any more."""
        if self.state == "registered" and self._moved:
            self._feed("changed", now)

    def lost(self, now: float, why: str = "the connection was lost") -> None:
        """The connection is gone or the registrar is silent: soon, by a path found anew."""
        if self.state == "registered":
            self._blame(why)
            self._feed("lost", now)

    def timer(self, name: str, now: float) -> None:
        """A refresh or a new try is due, or the grant has lapsed."""
        self._feed(name, now)

    # --- the table at work ------------------------------------------------------------------------

    def _feed(self, event: str, now: float) -> None:
        entry = REGISTRATION[self.state].get(event)
        if entry is None:
            return
        action, state = entry
        if state != self.state:
            self.history = (*self.history[-7:], state)
        self.state = state
        getattr(self, "_do_" + action)(now)

    def _do_nothing(self, now: float) -> None:
        pass

    def _do_register(self, now: float) -> None:
        self._registrars.begin(now)
        self._send(self._register.expires, now)

    def _do_keep(self, now: float) -> None:
        granted = (self._granted_until or now) - self._sent_at
        # twilio.md 20: at half of what was granted, early enough for more tries.
        self._try_at(self._sent_at + granted / 2)
        self._failures.worked()
        self._error = ""
        self._report()
        way = (self.flow, self._register.contact)
        anew, self._was = way != self._was, way
        self.on_up(now, anew)

    def _do_wait(self, now: float) -> None:
        # With several registrars, several REGISTERs have just left.
        wait = max(self._failures.failed(), self._asked_to_wait, _SPACING_S * len(self._registrars))
        self._pause(now + wait)

    def _do_come_back(self, now: float) -> None:
        if now - self._granted_at >= _STABLE_S:
            self._losses.worked()
        self._use(None)
        self._pause(now + self._losses.failed())

    def _pause(self, until: float) -> None:
        self._suspect = True
        self._was = (None, "")
        self._try_at(until)
        self._report()

    def _do_start_over(self, now: float) -> None:
        """What is under way now may go out by an address that is gone: not waited for."""
        self._failures.worked()
        request, self._request = self._request, None
        if request is not None:
            self._unanswered()
            request.cancel(now)
        self._suspect = True
        self._try_at(now)

    def _do_lapse(self, now: float) -> None:
        self._forget_grant()
        self._report()

    def _do_wait_for_the_answer(self, now: float) -> None:
        self._context.deadlines.cancel(("lapsed", self))

    def _do_remove(self, now: float) -> None:
        self._context.deadlines.cancel(("lapsed", self))
        self._registrars.go_home()
        self._send(0, now)

    def _do_end(self, now: float) -> None:
        self._error = ""  # there is nothing to take back, and nothing to register any more
        self._do_say_ended(now)

    def _do_say_ended(self, now: float) -> None:
        self._cancel_try()
        self._forget_grant()
        self._report()

    def _report(self) -> None:
        self._context.report(RegistrationChanged(self.status))

    def _try_at(self, at: float) -> None:
        self._next_try = max(at, self._sent_at + _SPACING_S)
        self._context.deadlines.set(("due", self), self._next_try)

    def _cancel_try(self) -> None:
        self._next_try = None
        self._context.deadlines.cancel(("due", self))

    def _forget_grant(self) -> None:
        self._context.deadlines.cancel(("lapsed", self))
        self._granted_until = None
        self._was = (None, "")
        self.service_route = []
        self._use(None)

    def _use(self, flow: Flow | None) -> None:
        """The binding lives there: whoever that is may call, whatever DNS says by now."""
        trust = self._context.trust
        if flow is not None:
            trust.vouch(flow.remote[0])
        if self.flow is not None:
            trust.unvouch(self.flow.remote[0])
        self.flow = flow

    # --- the REGISTER -----------------------------------------------------------------------------

    def _send(self, expires: int, now: float) -> None:
        self._cancel_try()
        self._sent_at = now
        self._register.asked = expires
        registrars = self._registrars
        way = self.way if registrars.at_home else None
        plan = self._register.plan(registrars.uri, way, self._credentials, self._seen, now)
        self._request = ClientRequest(self._context, self._host, plan, self)
        self._request.start(now)

    @property
    def _moved(self) -> bool:
        flow = self.flow
        return flow is not None and self._register.contact_on(flow) != self._register.contact

    def _seen(self, flow: Flow, via: Via, now: float) -> None:
        """Where our request came from, as the registrar sees it (RFC 3581 section 4)."""
        host, port = via.params.get("received") or "", via.params.get("rport") or ""
        seen = int(port) if _PORT.fullmatch(port) else 0
        if self._context.public.learn(self._context.settings, flow, host, seen):
            self._host.public_address_changed(now)

    def response(self, request: ClientRequest, response: Response, now: float) -> None:
        """To our REGISTER."""
        status = response.status
        if status < 200 or request is not self._request:
            return
        if status == 423 and self._register.take_min_expires(response):
            request.again(now)
        elif status >= 300:
            self._refused(request, response, now)
        else:
            self._request = None
            self._granted(request, response, now)

    def failed(self, request: ClientRequest, why: str, now: float) -> None:
        """No registrar answered, or none could be found."""
        if request is self._request:
            if request.flow is not None:
                self._unanswered()
            self._failed(request.troubles, 0.0, now)

    def _unanswered(self) -> None:
        """It may have arrived all the same."""
        asked = self._register.asked
        if asked:
            self._register.bindings.maybe(self._register.contact, self._sent_at + asked)

    def _granted(self, request: ClientRequest, response: Response, now: float) -> None:
        register = self._register
        if not register.asked:
            self._error = ""
            self._feed("removed", now)
            return
        granted = granted_s(response, register.contact, register.asked)
        if not granted:
            self._failed("the registrar answered 200 and kept nothing", 0.0, now)
            return
        self._use(request.flow)
        self._suspect = False
        self._registrars.granted()
        # From when we asked: the registrar may have counted since then.
        self._granted_at, self._granted_until = now, self._sent_at + granted
        register.bindings.only(register.contact, self._granted_until)
        self._context.deadlines.set(("lapsed", self), self._granted_until)
        self.service_route = service_route(response)
        moved = self._moved and now - self._moved_at >= _MOVE_AGAIN_S
        if moved:
            self._moved_at = now
        self._feed("moved" if moved else "granted", now)

    def _refused(self, request: ClientRequest, response: Response, now: float) -> None:
        self._failed(request.refusal(response), wait_asked(response), now)

    def _blame(self, why: str) -> None:
        several = len(self._registrars) > 1
        self._error = f"{self._registrars.uri}: {why}" if several else why

    def _failed(self, why: str, wait: float, now: float) -> None:
        self._request = None
        left = self._registrars.uri
        self._blame(why)
        self._asked_to_wait = wait
        if self._registrars.at_home:
            self._suspect = True
        if self.state in {"trying", "refreshing"} and self._registrars.fall_back(now):
            following = self._registrars.uri
            self._context.report(RegistrarLeft(self.account.name, left, why, following))
            self._send(self._register.expires, now)
        else:
            self._feed("failed", now)


def _nobody(now: float, anew: bool) -> None:
    """Nobody waits for the registration to come up."""
