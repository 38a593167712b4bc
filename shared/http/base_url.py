"""The base URL of a service, and whether a key may be sent there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.errors import BadInput, ConfigurationError, SkillError
from shared.http.urls import InvalidUrl, check_public_url, host_of, is_loopback
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Collection


def checked_base_url(option: str | None, *, variable: str, default: str, trusted: Collection[str]) -> str:
    """Return the base URL of a service without a trailing slash: --base-url, else the variable, else the default.

    A key goes only to the default host or to a host that --trust-host names. This includes this machine: any
    of its users can listen there, and a prompt that an agent follows can add --base-url.

    Raises:
        BadInput: the flag is not a usable https URL (http is for this machine only).
        ConfigurationError: the variable is not a usable URL, or the host is not trusted.
    """
    text = option if option is not None else os.environ.get(variable) or default
    kind: type[SkillError] = BadInput if option is not None else ConfigurationError
    source = "--base-url" if option is not None else variable
    try:
        host = _checked_host(text)
    except InvalidUrl as error:
        reason = MessageRef(f"url_{error.reason}")
        raise kind("base_url_invalid", source=source, got=short_repr(text), reason=reason) from error
    if host != host_of(default) and host not in {name.lower() for name in trusted}:
        name = f"[{host}]" if ":" in host else host
        raise ConfigurationError("host_not_trusted", source=source, host=name, default=host_of(default))
    return text.rstrip("/")


def trusted_hosts(names: Collection[str]) -> list[str]:
    """Return the hosts that --trust-host names, as `service_url` compares them.

    Raises:
        BadInput: `trust_host_invalid`; one is not a host name, or is private.
    """
    return [_trusted_host(name) for name in names]


def _trusted_host(name: str) -> str:
    alone = not set(name) & set("/?#") and (":" not in name or name.endswith("]"))
    try:
        host = host_of(f"https://{name if alone else ''}")
        if not is_loopback(host):
            check_public_url(f"https://{name}")
    except InvalidUrl as error:
        reason = MessageRef(f"url_{error.reason}")
        raise BadInput("trust_host_invalid", flag="--trust-host", got=short_repr(name), reason=reason) from error
    return host


def _checked_host(text: str) -> str:
    try:
        parts = urlsplit(text)
        loopback = is_loopback(parts.hostname or "") and parts.port != 0 and text.isascii() and text.isprintable()
    except ValueError:
        raise InvalidUrl("malformed") from None
    if "?" in text or "#" in text:
        raise InvalidUrl("query")
    if loopback and parts.scheme in ("http", "https") and not parts.username and "\\" not in text:
        return host_of(text)
    check_public_url(text)
    return host_of(text)
