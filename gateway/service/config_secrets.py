"""Reads the passwords that a configuration names, so that nobody after it needs a file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from gateway.errors import ConfigError
from gateway.service.config import Account, Config, User
from gateway.service.problems import Key, Report
from gateway.service.secrets import is_open_to_others, read_secret

Holder = TypeVar("Holder", User, Account)

_USERS: Key = ("sip", "inbound_auth", "users")


def with_passwords(config: Config, folders: list[Path], report: Report) -> Config:
    """The configuration with each password read; what is wrong goes to `report`."""
    accounts = tuple(
        account
        if account.password is None and account.password_file is None
        else _with_password(account, folders, ("account", index), report)
        for index, account in enumerate(config.account)
    )
    config = msgspec.structs.replace(config, account=accounts)
    auth = config.sip.inbound_auth
    if auth is None:
        return config
    users = tuple(
        _with_password(user, folders, (*_USERS, index), report)
        for index, user in enumerate(auth.users)
    )
    replace = msgspec.structs.replace
    return replace(config, sip=replace(config.sip, inbound_auth=replace(auth, users=users)))


def check_readers(config: Config, file: Path, report: Report) -> None:
    """Passwords written into the file itself are as secret as the file."""
    if not is_open_to_others(file.name, [file.parent]):
        return
    text = "every user of this machine may read the passwords in this file"
    auth = config.sip.inbound_auth
    if auth is not None and auth.passwords():
        report.warn(_USERS, text)
    for index, account in enumerate(config.account):
        if account.password is not None:
            report.warn(("account", index, "password"), text)


def _with_password(holder: Holder, folders: list[Path], key: Key, report: Report) -> Holder:
    if (holder.password is None) == (holder.password_file is None):
        report.error(key, "either password or password_file is needed, and not both")
        return holder
    if holder.password is not None:
        if not holder.password.reveal():
            report.error((*key, "password"), "the password is empty")
        return holder
    name = holder.password_file or ""
    try:
        password = read_secret(name, folders)
    except ConfigError as error:
        report.error((*key, "password_file"), str(error))
        return holder
    if is_open_to_others(name, folders):
        report.warn((*key, "password_file"), f"every user of this machine may read {name}")
    return msgspec.structs.replace(holder, password=password)
