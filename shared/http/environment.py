"""TLS settings from the environment: trusted certificates, and the key log file."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError
from shared.i18n.messages import MessageRef

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
KEY_LOG_VARIABLE = "SSLKEYLOGFILE"
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")  # how OpenSSL finds a certificate in a folder


def ca_bundle() -> str | bool:
    """Return the trusted certificates that the environment names, else True for the built-in ones.

    Raises:
        ConfigurationError: `certificates_missing`: the path does not exist.
        ConfigurationError: `certificates_unusable`: no certificate can be read from it.
    """
    for variable in CA_VARIABLES:
        path = os.environ.get(variable)
        if path:
            _check_authorities(variable, path)
            return path
    return True


def check_key_log() -> None:
    """Check that the file of SSLKEYLOGFILE can be written: every new connection would fail otherwise.

    Raises:
        ConfigurationError: `key_log_unusable`.
    """
    path = os.environ.get(KEY_LOG_VARIABLE)
    if not path:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = path
    except (OSError, ValueError) as error:
        reason = openssl_reason(error)
        raise ConfigurationError(
            "key_log_unusable", variable=KEY_LOG_VARIABLE, path=path, reason=reason
        ) from error


def openssl_reason(error: BaseException) -> str:
    """Return OpenSSL's reason for a TLS error, the system's for any other error."""
    words = getattr(error, "verify_message", None) or getattr(error, "reason", None)
    if isinstance(words, str) and words:
        return words.lower().replace("_", " ") if words.isupper() else words.rstrip(".")
    return getattr(error, "strerror", None) or type(error).__name__


def _check_authorities(variable: str, path: str) -> None:
    facts: dict[str, Any] = {"variable": variable, "path": path}
    try:
        place = Path(path)
        if not place.exists():
            raise ConfigurationError("certificates_missing", **facts)
        if place.is_dir():
            usable = any(_HASHED.fullmatch(file.name) for file in place.iterdir())
        elif not place.is_file():
            raise ConfigurationError("certificates_unusable", reason=MessageRef("not_regular_file"), **facts)
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(path)
            usable = bool(context.cert_store_stats()["x509"])
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigurationError("certificates_unusable", reason=openssl_reason(error), **facts) from error
    if not usable:
        raise ConfigurationError("certificates_unusable", reason=MessageRef("no_certificate"), **facts)
