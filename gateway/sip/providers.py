"""The accounts in use: their registrations, hosts, messages and pings."""

from __future__ import annotations

from gateway.errors import ConfigError, RemoteProtocolError
from gateway.sip.accounts import Account, RegistrationStatus
from gateway.sip.client_request import RequestHost
from gateway.sip.context import Context
from gateway.sip.digest_client import Credentials
from gateway.sip.extension_headers import parse_event
from gateway.sip.message import Request
from gateway.sip.message_waiting import PACKAGE, MessageWaiting, report_summary
from gateway.sip.ping import Ping
from gateway.sip.registration import Registration
from gateway.sip.trunk import Trunk
from gateway.sip.wire import Flow


class Provider:
    """One account at work."""

    def __init__(self, context: Context, host: RequestHost, account: Account) -> None:
        self.account = account
        self.credentials = Credentials(account.login, account.password, context.tokens)
        self.trunk = Trunk(context, account)
        self.registration: Registration | None = None
        self.messages: MessageWaiting | None = None
        self.ping: Ping | None = None
        if account.register:
            self.registration = Registration(context, host, account, self.credentials)
            if account.message_waiting:
                self.messages = MessageWaiting(
                    context, host, account, self.credentials, self.registration
                )
            if account.keepalive == "options":
                self.ping = Ping(context, host, self.registration)
            self.registration.on_up = self._up

    def _up(self, now: float, anew: bool) -> None:
        if self.messages is not None:
            self.messages.start(now, anew=anew)
        if self.ping is not None:
            self.ping.start(now)

    @property
    def flow(self) -> Flow | None:
        """The path that requests of this account take."""
        if self.registration is not None and self.registration.flow is not None:
            return self.registration.flow
        return self.trunk.flow

    def sends(self, flow: Flow) -> bool:
        """Whether a request comes from this account's registrars or proxies."""
        host = flow.remote[0]
        return self.trunk.has(host) or (self.flow is not None and self.flow.remote[0] == host)

    def stop(self, now: float) -> None:
        """Take everything back."""
        self.trunk.stop()
        if self.messages is not None:
            self.messages.stop(now)
        if self.ping is not None:
            self.ping.stop()
        if self.registration is not None:
            self.registration.stop(now)


class Providers:
    """All accounts, in the order of the configuration."""

    def __init__(self, context: Context, host: RequestHost) -> None:
        self._context = context
        self._all = {
            account.name: Provider(context, host, account) for account in context.settings.accounts
        }

    def __getitem__(self, name: str) -> Provider:
        """Raises ConfigError for a name that is none."""
        provider = self._all.get(name)
        if provider is None:
            known = ", ".join(self._all) or "none"
            raise ConfigError(f"there is no account {name!r}; the accounts are: {known}")
        return provider

    @property
    def registrations(self) -> list[RegistrationStatus]:
        """How each account fares."""
        return [
            RegistrationStatus(provider.account.name, "off", "")
            if provider.registration is None
            else provider.registration.status
            for provider in self._all.values()
        ]

    @property
    def busy(self) -> bool:
        """Whether a registrar still has to hear that we leave."""
        return any(p.registration is not None and p.registration.busy for p in self._all.values())

    @property
    def flows(self) -> list[Flow]:
        """The paths that registrations live on."""
        found = (p.registration.flow for p in self._all.values() if p.registration is not None)
        return [flow for flow in found if flow is not None]

    @property
    def kept_open(self) -> list[Flow]:
        """Those of them that CRLF keeps open."""
        return [
            p.registration.flow
            for p in self._all.values()
            if p.registration is not None
            and p.registration.flow is not None
            and (p.account.keepalive == "crlf" or p.registration.flow.reliable)
            and p.account.keepalive != "off"
        ]

    def keeps(self, name: str | None) -> bool:
        """Whether the owner wants paths of that account, or of none, kept open."""
        return name is None or self[name].account.keepalive != "off"

    def start(self, now: float) -> None:
        """Find all hosts and register."""
        for provider in self._all.values():
            provider.trunk.start(now)
            if provider.registration is not None:
                provider.registration.start(now)

    def unregister(self, now: float) -> None:
        """Take everything back."""
        for provider in self._all.values():
            provider.stop(now)

    def network_changed(self, now: float) -> None:
        """Our addresses are others than before."""
        for provider in self._all.values():
            provider.trunk.look_again(now)
            if provider.registration is not None:
                provider.registration.renew(now)

    def readdress(self, now: float) -> None:
        """Others see us elsewhere than before."""
        for provider in self._all.values():
            if provider.registration is not None:
                provider.registration.readdress(now)

    def connection_lost(self, flow: Flow, now: float) -> None:
        """A registration over that connection cannot be reached any more: register anew."""
        for provider in self._all.values():
            if provider.registration is not None and provider.registration.flow == flow:
                provider.registration.lost(now)

    def of(self, request: Request, flow: Flow) -> Provider | None:
        """The account whose registrar or proxy sends a request; of several, the one it is for."""
        if not self._all:
            return None
        found = [provider for provider in self._all.values() if provider.sends(flow)]
        for provider in found:
            if provider.account.username == request.uri.plain_user:
                return provider
        return found[0] if found else None

    def vouches(self, request: Request, flow: Flow) -> bool:
        """Whether nobody has to be asked who calls: a provider sends it to our own user there."""
        provider = self.of(request, flow)
        return provider is not None and request.uri.plain_user == provider.account.username

    def brings(self, request: Request, flow: Flow) -> str | None:
        """The account that brings a call."""
        provider = self.of(request, flow)
        return None if provider is None else provider.account.name

    def profile(self, request: Request, flow: Flow) -> str | None:
        """The profile that the owner chose for the account that a request is for."""
        provider = self.of(request, flow)
        return None if provider is None else provider.account.profile

    def notified(self, request: Request, flow: Flow, now: float) -> int | None:
        """A NOTIFY outside of calls: the status to answer with, None where nobody wants it."""
        for provider in self._all.values():
            messages = provider.messages
            if messages is not None and messages.call_id == request.call_id:
                return messages.notified(request, now)
        sender = self.of(request, flow)
        if sender is None:
            return None
        if request.to.tag:
            return 481  # a subscription that we do not know any more
        try:
            package = parse_event(request.headers.get("event") or "").package
        except RemoteProtocolError as error:
            return error.status_hint
        if package != PACKAGE:
            return 489
        # Unsolicited, as PBXs send it to whom is registered.
        report_summary(self._context, sender.account.name, request)
        return 200
