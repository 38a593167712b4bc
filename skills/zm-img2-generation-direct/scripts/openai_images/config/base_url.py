"""Validates the provider's base URL, and corrects it where that is safe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from openai_images.config.provider_entry import ADDRESS, PROVIDERS_PATH
from shared.errors import ConfigurationError
from shared.http.urls import InvalidUrl, host_of, is_local_network, is_loopback, without_query
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from openai_images.config.provider_entry import ProviderEntry

ENDPOINT = re.compile(
    r"/+(images/(generations|edits|variations)|chat/completions|completions|responses|(?<=/v1/)models)/*$",
    re.IGNORECASE,
)
"""The path of an endpoint, which users copy from documentation instead of the base URL."""
SWITCH = "request: { allowPrivateNetwork: true }"
"""OpenClaw's setting for a provider in a private network."""


def base_url(entry: ProviderEntry) -> str:
    """Return the provider's address without an endpoint and a trailing slash.

    It is https, or http on this machine; http in a private network where the entry sets
    `request.allowPrivateNetwork`, because the key goes there unencrypted.

    Raises:
        ConfigurationError: `provider_incomplete`, `base_url_invalid`, or `base_url_unencrypted` with remedies.
    """
    text = entry.text("baseUrl", ADDRESS)
    source = f"{entry.file('baseUrl')}: {entry.where('baseUrl')}"
    scheme, separator, _ = text.lower().partition("://")
    try:
        host, reason = host_of(text), None
    except InvalidUrl as error:
        host, reason = "", f"url_{error.reason}"
        if not separator and "@" not in text and error.reason != "control_character":
            reason = "url_not_https"
    if reason is None and ("?" in text or "#" in text):
        reason = "url_query"
    if reason is None and not is_encrypted(scheme, host, entry):
        reason = "url_not_https"
    if reason:
        got = host or (without_query(text) if separator or "@" in text else short_repr(text))
        raise ConfigurationError("base_url_invalid", source=source, got=got, reason=MessageRef(reason))
    return ENDPOINT.sub("", text).rstrip("/")


def is_encrypted(scheme: str, host: str, entry: ProviderEntry) -> bool:
    """Return whether a key may be sent there: over TLS, to this machine, or as the user allowed.

    Raises:
        ConfigurationError: `base_url_unencrypted`, for a private network that the user has not allowed.
    """
    if scheme == "https" or (scheme == "http" and is_loopback(host)):
        return True
    if scheme != "http" or not is_local_network(host):
        return False
    if not allows_private_network(entry):
        facts = entry.to_write((*PROVIDERS_PATH, entry.name), (), SWITCH)
        source = f"{entry.file('baseUrl')}: {entry.where('baseUrl')}"
        raise ConfigurationError("base_url_unencrypted", source=source, host=host, **facts)
    return True


def allows_private_network(entry: ProviderEntry) -> bool:
    """Return whether the entry sets `request.allowPrivateNetwork` to true."""
    request = entry.fields.get("request")
    return isinstance(request, dict) and request.get("allowPrivateNetwork") is True
