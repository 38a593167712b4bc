"""What the environment says about the way out: proxies and trusted certificates."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from shared.errors import ConfigurationError
from shared.urls import is_loopback

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def certificates() -> str | bool:
    """Return the trusted certificates that the environment names, else True for the built-in ones.

    Raises:
        ConfigurationError: `certificates_missing` when it names something that is not there.
    """
    for variable in CA_VARIABLES:
        path = os.environ.get(variable)
        if path:
            if not Path(path).exists():
                raise ConfigurationError("certificates_missing", variable=variable, path=path)
            return path
    return True


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for this URL; none for this machine, whatever it names.

    A service on this machine, or one that the user allows without TLS, gets its key unencrypted, which a proxy
    elsewhere would read.

    Raises:
        ConfigurationError: `socks_missing`; it is a SOCKS proxy, and PySocks is not installed.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" or is_loopback((parts.hostname or "").removesuffix(".")):
        return None
    proxy: str | None = select_proxy(url, get_environ_proxies(url))
    if proxy and proxy.lower().startswith("socks") and importlib.util.find_spec("socks") is None:
        raise ConfigurationError("socks_missing", proxy=proxy, package="PySocks")
    return proxy
