"""The proxy that the environment names: parsed once, checked, and shown without its password."""

from __future__ import annotations

import base64
import importlib.util
import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Literal, NoReturn
from urllib.parse import quote, unquote_to_bytes, urlsplit
from urllib.request import getproxies

from requests.utils import should_bypass_proxies

from shared.errors import ConfigurationError
from shared.http.urls import InvalidUrl, host_of, is_loopback
from shared.i18n.messages import MessageRef
from shared.security.keys import Secret

ProxyReason = Literal["space", "scheme", "characters", "not_ascii", "host", "port"]
SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
MAX_SETTING = 4096  # characters
MAX_HOST = 253  # characters
MAX_PORT = 65535
_ADDRESS = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]+):(?P<port>[1-9][0-9]{0,4})")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


@dataclass(frozen=True)
class Proxy:
    """A proxy that can be used; it prints as scheme://host:port, without its user name and password."""

    url: str = field(repr=False)
    """The complete address, with percent-encoded credentials; only for the connection."""
    address: str

    def __str__(self) -> str:
        return self.address


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy that the environment names for this URL; always None for this machine.

    A service on this machine, or one that the user allows without TLS, gets its key unencrypted, which a proxy
    elsewhere would read.

    Raises:
        ConfigurationError: `proxy_unusable`: the setting cannot work.
        ConfigurationError: `socks_missing`: it is a SOCKS proxy, and PySocks is not installed.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" or is_loopback((parts.hostname or "").removesuffix(".")):
        return None
    return None if should_bypass_proxies(url, no_proxy=None) else configured_proxy()


def configured_proxy() -> Proxy | None:
    """Return the proxy that the environment names for https, regardless of the hosts that are exempt from it.

    Raises:
        ConfigurationError: as for `proxy_for`.
    """
    settings = getproxies()
    for kind in ("https", "all"):
        if settings.get(kind):
            return parse_proxy(settings[kind], _variable(kind))
    return None


def parse_proxy(setting: str, variable: str) -> Proxy:
    """Return the proxy of a setting: [scheme://[user[:password]@]]host:port, the scheme http where there is none.

    Raises:
        ConfigurationError: as for `proxy_for`; it names the variable and quotes nothing of its value.
    """
    if len(setting) > MAX_SETTING or not setting.isprintable() or " " in setting:
        _refuse(variable, "space")
    scheme, separator, rest = setting.partition("://")
    if not separator:
        scheme, rest = "http", setting
        if "@" in setting:  # user:password@host:port, or http:user:password@host:port
            _refuse(variable, "scheme")
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        _refuse(variable, "scheme")
    rest = rest.removesuffix("/")
    if set(rest) & set("/?#\\"):
        _refuse(variable, "characters")
    credentials, _, address = rest.rpartition("@")
    if not credentials.isascii():
        _refuse(variable, "not_ascii")
    address = f"{scheme}://{_host_and_port(address, variable)}"
    proxy = Proxy(_with_credentials(address, credentials), address)
    if scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        raise ConfigurationError("socks_missing", proxy=proxy.address, package="PySocks")
    return proxy


def authorization(url: str) -> str | None:
    """Return the value of Proxy-Authorization for a proxy's complete address, None if it has no credentials.

    requests would encode the decoded password as Latin-1, which fails for any other; RFC 7617 permits UTF-8.
    """
    credentials, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at:
        return None
    user, _, password = credentials.partition(":")
    return "Basic " + base64.b64encode(unquote_to_bytes(user) + b":" + unquote_to_bytes(password)).decode()


def _host_and_port(address: str, variable: str) -> str:
    match = _ADDRESS.fullmatch(address)
    if not match or int(match["port"]) > MAX_PORT:
        _refuse(variable, "port")
    try:
        host = host_of(f"http://{match['host']}")
        if ":" in host or match["host"].startswith("["):
            host = f"[{ipaddress.IPv6Address(host)}]"
        elif len(host) > MAX_HOST or not all(_LABEL.fullmatch(label) for label in host.split(".")):
            _refuse(variable, "host")
    except (InvalidUrl, ValueError):
        _refuse(variable, "host")
    return f"{host}:{match['port']}"


def _with_credentials(address: str, credentials: str) -> str:
    """Return the address with its credentials percent-encoded so that every parser reads them alike."""
    if not credentials:
        return address
    user, colon, password = credentials.partition(":")
    Secret(password)  # masked from now on, wherever somebody repeats it
    Secret(unquote_to_bytes(password).decode(errors="replace"))
    spelled = quote(unquote_to_bytes(user), safe="") + colon + quote(unquote_to_bytes(password), safe="")
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{spelled}@{rest}"


def _variable(kind: str) -> str:
    """Return the name of the variable that a setting comes from; the lower-case one wins, as it does in urllib."""
    name = f"{kind}_proxy"
    set_names = [other for other, value in os.environ.items() if value and other.lower() == name]
    return name if name in set_names else next(reversed(set_names), name.upper())


def _refuse(variable: str, reason: ProxyReason) -> NoReturn:
    raise ConfigurationError("proxy_unusable", variable=variable, reason=MessageRef(f"proxy_{reason}"))
