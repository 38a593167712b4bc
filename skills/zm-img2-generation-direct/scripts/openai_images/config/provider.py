"""A provider from OpenClaw's configuration: its base URL, key and extra headers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openai_images.config.base_url import base_url
from openai_images.config.image_prices import image_prices
from openai_images.config.provider_entry import KEY, PROVIDERS_PATH, ProviderEntry, read_entry, to_write
from shared.errors import ConfigurationError
from shared.openclaw.folders import config_path
from shared.security.keys import KeySource, Secret, find_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from openai_images.model_tables.prices import PriceTable
    from shared.i18n.messages import MessageRef

DEFAULT_PROVIDER = "happy"
APPROVED = (DEFAULT_PROVIDER, "gpt-image-2")
"""The provider and model whose results are accepted as proof."""
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
HEADER = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]{1,100}")
RESERVED_HEADERS = frozenset(
    [
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "transfer-encoding",
    ]
)
SECRET_HEADER = re.compile(r"auth|cookie|key|secret|token", re.IGNORECASE)


@dataclass(frozen=True)
class Provider:
    """Base URL and credentials of a provider; headers are never printed."""

    name: str
    base_url: str
    secret: Secret
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    models: frozenset[str] = frozenset()
    """The models in its `models` list; empty if there is none, as image-only providers often have none."""
    file: Path | None = None
    """The file that lists the models."""
    places: Mapping[str, MessageRef] = field(default_factory=dict)
    """Where its key and its address are set, as the facts `key_place` and `address_place` of a hint."""

    prices: PriceTable | None = None
    """The prices of `imagePrices`, which come before the list prices."""

    def check_model(self, model: str) -> None:
        """Check that a model is in the provider's list, unless that is empty.

        Raises:
            ConfigurationError: `model_missing`, with the line to add.
        """
        if self.models and not self.models & {model, f"{self.name}/{model}"}:
            quoted = json.dumps(model)
            entry = f"{{ id: {quoted}, name: {quoted} }}"
            facts = to_write((*PROVIDERS_PATH, self.name, "models"), (), entry, self.file or config_path())
            raise ConfigurationError("model_missing", name=self.name, model=model, **facts)


def find_provider(name: str) -> Provider:
    """Return the provider `models.providers.<name>` of OpenClaw's configuration.

    Raises:
        ConfigurationError: names the file, what is missing or malformed, and the lines to add.
    """
    entry = read_entry(name)
    secret = find_key([key_source(entry)]).secret
    models = _models(entry.fields.get("models"))
    places = {"key_place": entry.place("apiKey"), "address_place": entry.place("baseUrl")}
    prices = image_prices(entry)
    return Provider(name, base_url(entry), secret, headers_of(entry), models, entry.file("models"), places, prices)


def key_source(entry: ProviderEntry) -> KeySource:
    """Return the source of the provider's key: plain, a variable, or a reference to a secret."""
    value = entry.fields.get("apiKey")
    literal = isinstance(value, str) and value.lstrip().startswith("$${")
    name = f"{entry.file('apiKey')}: {entry.where('apiKey')}"
    return KeySource(name, lambda: entry.text("apiKey", KEY, secret=True), literal=literal)


def headers_of(entry: ProviderEntry) -> dict[str, str]:
    """Return the extra headers; a User-Agent among them replaces the default one.

    Raises:
        ConfigurationError: `header_invalid`, or a value that cannot be resolved.
    """
    where, path, listed = entry.where("headers"), entry.file("headers"), entry.fields.get("headers")
    if listed is None:
        return {}
    if not isinstance(listed, dict):
        raise ConfigurationError("header_invalid", what=where, path=path)
    headers = {}
    for header, value in listed.items():
        if not HEADER.fullmatch(header) or header.lower() in RESERVED_HEADERS:
            raise ConfigurationError("header_invalid", what=f"{where}.{header!r}", path=path)
        text = entry.resolved(value, "headers", header).strip()
        if not (text.isascii() and text.isprintable()):
            raise ConfigurationError("header_invalid", what=f"{where}.{header}", path=path)
        if text != value or SECRET_HEADER.search(header):
            Secret(text)  # masked from now on
        headers[header] = text
    return headers


def _models(listed: Any) -> frozenset[str]:
    """Return the ids of a list of models, which OpenClaw keeps as objects with an `id`."""
    models = listed if isinstance(listed, list) else []
    ids = [model.get("id") if isinstance(model, dict) else model for model in models]
    return frozenset(name for name in ids if isinstance(name, str))
