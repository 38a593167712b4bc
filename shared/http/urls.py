"""Validate URLs to send to a service or download, and distinguish public addresses from private ones."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal
from urllib.parse import urlsplit

UrlReason = Literal[
    "control_character",  # a space, or a control, invisible or text-direction character
    "malformed",  # not scheme://host/path, or with a backslash, which browsers read as a slash
    "not_https",
    "too_long",
    "no_host",
    "credentials",  # a user name or password before the host
    "bad_port",  # not a number from 1 to 65535
    "bad_host",  # neither a name with a dot nor an address, or an address in a disguised form
    "private_address",  # of this machine, its network or a special use, as a number or by a name
    "query",  # or a fragment, where only a base URL is allowed
]

MAX_URL_LENGTH = 8192
_MAX_HOST_LENGTH = 253  # RFC 1035, section 2.3.4, less the root's empty label
_MAX_PORT = 65535

_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>.*))?", re.DOTALL)
_LOGGABLE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/?#]*@)?"
    r"(?P<host>(?:\[[^\[\]/?#@]*\]|[^\[\]:/?#@]*)(?::[0-9]*)?)(?P<path>/[^?#]*)?(?![^?#])",
    re.IGNORECASE,
)
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = re.compile(
    r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)  # _ is not valid in host names, but storage hosts use it
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a last label that makes inet_aton and browsers read an address

_LOCAL_DOMAINS = frozenset(
    "localhost local localdomain internal intranet private corp home lan home.arpa".split()  # noqa: SIM905
)

_LOCAL_NETWORKS = tuple(
    # RFC 1918, RFC 6598 (mesh VPNs too) and RFC 4193; not link-local, where clouds keep metadata services
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
_FAKE_IP = ipaddress.ip_network("198.18.0.0/15")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC = tuple(
    # The IANA special-purpose registries; is_global knows them to a degree that differs between Pythons.
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata service is here
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)


class InvalidUrl(ValueError):
    """The URL may not be used; `reason` is why, and quotes no part of it."""

    def __init__(self, reason: UrlReason) -> None:
        super().__init__(reason)
        self.reason: UrlReason = reason


def check_public_url(url: str) -> str:
    """Return `url` unchanged if it is https and its host is public as far as its text shows.

    A name is not resolved here: its address is checked by `is_public_address` when a connection is made. What two
    parsers could read in two ways is refused. Raises InvalidUrl.
    """
    _check_characters(url)
    if not url.lower().startswith("https:"):
        raise InvalidUrl("not_https")
    if len(url) > MAX_URL_LENGTH:
        raise InvalidUrl("too_long")
    host = _written_host(url)
    if host.startswith("["):
        _check_address(host[1:-1], ipaddress.IPv6Address)
    else:
        _check_name(_ascii(host))
    return url


def is_public_address(address: str, *, from_name: bool) -> bool:
    """Return whether an IP address, as text, belongs to the public internet; False if it is not an address.

    With `from_name`, a name resolved to it: 198.18.0.0/15 is then allowed, because proxies with fake addresses
    answer every name with it. An IPv4 address inside an IPv6 one is refused, except behind NAT64.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if "%" in address:  # a zone, which only addresses of this network need
        return False
    if parsed in _NAT64:
        parsed = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    if parsed in _FAKE_IP:
        return from_name
    if parsed.version == 6 and parsed not in _GLOBAL_UNICAST:  # noqa: PLR2004
        return False
    reserved = parsed.is_multicast or parsed.is_reserved or any(parsed in network for network in _NOT_PUBLIC)
    return parsed.is_global and not reserved


def host_of(url: str) -> str:
    """Return the host in lower-case ASCII (IDNA), without brackets or a trailing dot; any scheme is accepted.

    Raises InvalidUrl when there is none, or when the text is not plain enough to be sure of it.
    """
    _check_characters(url)
    return _ascii(_written_host(url)).strip("[]").removesuffix(".")


def origin_of(url: str) -> str:
    """Return scheme://host:port of an http or https URL, the host as returned by `host_of`, always with the port.

    Raises InvalidUrl like `host_of`.
    """
    host, parts = host_of(url), urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its canonical names only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_local_network(host: str) -> bool:
    """Return whether a host, as `host_of` returns it, is another machine of a private network.

    That is an address of one, a name without a dot, or a name in a domain that the public DNS does not have.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        labels = host.split(".")
        local = len(labels) == 1 or labels[-1] in _LOCAL_DOMAINS or ".".join(labels[-2:]) in _LOCAL_DOMAINS
        return local and all(_LABEL.fullmatch(label) for label in labels) and not _NUMBER.fullmatch(labels[-1])
    return any(address in network for network in _LOCAL_NETWORKS)


def without_query(url: str) -> str:
    """Return scheme://host/path for a log: one printable line without query, fragment and credentials.

    Never raises; a URL without a plain host and port is not quoted at all, because it may hold a password.
    """
    match = _LOGGABLE.match(url)
    if not match:
        return "(unreadable URL)"
    text = "{scheme}://{host}{path}".format_map(match.groupdict(""))
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _check_characters(url: str) -> None:
    # urlsplit silently drops tabs, newlines and leading control characters, so this comes before it.
    if not url.isprintable() or " " in url:
        raise InvalidUrl("control_character")
    if "\\" in url:
        raise InvalidUrl("malformed")


def _written_host(url: str) -> str:
    """Return the host as written in the URL, after checking the parts around it."""
    try:
        parts = urlsplit(url)
    except ValueError:  # always about the part where the host belongs
        raise InvalidUrl("bad_host") from None
    if not parts.scheme or not url[len(parts.scheme) :].startswith("://"):
        raise InvalidUrl("malformed")
    if "@" in parts.netloc:
        raise InvalidUrl("credentials")
    match = _AUTHORITY.fullmatch(parts.netloc)
    if not match:
        raise InvalidUrl("bad_host")
    host, port = match.groups()
    if not host:
        raise InvalidUrl("no_host")
    if port is not None and not (_PORT.fullmatch(port) and int(port) <= _MAX_PORT):
        raise InvalidUrl("bad_port")
    return host


def _ascii(host: str) -> str:
    """Return the host as a resolver gets it; one that IDNA would respell (full-width, ligatures) is refused."""
    host = ".".join(
        label.lower() for label in host.split(".")
    )  # as urllib3 does: a final sigma depends on the label
    if host.isascii():
        return host
    if len(host) > _MAX_HOST_LENGTH:  # the codec needs quadratic time
        raise InvalidUrl("bad_host")
    try:
        encoded = host.encode("idna")
        disguised = encoded.decode("idna") != host or host.rpartition(".")[2].isdigit()
    except UnicodeError:
        disguised = True
    if disguised:
        raise InvalidUrl("bad_host")
    return encoded.decode("ascii")


def _check_name(host: str) -> None:
    labels = host.split(".")
    if len(host) > _MAX_HOST_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidUrl("bad_host")
    if _NUMBER.fullmatch(labels[-1]):
        _check_address(host, ipaddress.IPv4Address)
    elif labels[-1] in _LOCAL_DOMAINS or ".".join(labels[-2:]) in _LOCAL_DOMAINS:
        raise InvalidUrl("private_address")
    elif len(labels) == 1:
        raise InvalidUrl("bad_host")


def _check_address(address: str, family: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> None:
    try:
        family(address)
    except ValueError:
        raise InvalidUrl("bad_host") from None
    if not is_public_address(address, from_name=False):
        raise InvalidUrl("private_address")
