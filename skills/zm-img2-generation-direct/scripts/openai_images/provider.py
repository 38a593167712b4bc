"""The provider that OpenClaw's own configuration names: where it is, its key, its extra headers."""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.errors import ConfigurationError
from shared.keys import KeySource, Secret, find_key
from shared.openclaw import config_path, expanded, read_config
from shared.texts import Said
from shared.urls import UrlRefused, host_of, is_loopback, without_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_PROVIDER = "happy"
APPROVED = (DEFAULT_PROVIDER, "gpt-image-2")
"""The pair of provider and model whose results are accepted as proof."""
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|^\$([A-Za-z_][A-Za-z0-9_]*)$")
"""`${NAME}` anywhere, `$NAME` as the whole of a text only: a key may hold a dollar sign of its own."""
HEADER = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]{1,100}")
OUR_HEADERS = frozenset(
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
        "user-agent",
    ]
)
PLACE = ("models", "providers")
"""Where providers stand in openclaw.json."""
ADDRESS = 'baseUrl: "https://your-provider.example/v1"'
KEY = 'apiKey: "${IMAGE_PROVIDER_KEY}"'
ENTRY = f"{ADDRESS}, {KEY}, models: []"
TELLTALE = re.compile(r"auth|cookie|key|secret|token", re.IGNORECASE)
LARGEST_SECRET_FILE = 1 << 20  # bytes


@dataclass(frozen=True)
class Provider:
    """Where requests go and what opens the door; headers are kept out of everything printed."""

    name: str
    base_url: str
    secret: Secret
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    models: frozenset[str] = frozenset()
    """The models that its `models` lists; empty when it lists none, as providers of pictures alone often do."""

    def check_model(self, model: str) -> None:
        """Refuse a model that is missing in a list that names others.

        Raises:
            ConfigurationError: `model_missing`, with the line to add.
        """
        if self.models and not self.models & {model, f"{self.name}/{model}"}:
            quoted = json.dumps(model)
            to_write = _to_write((*PLACE, self.name, "models"), (), f"{{ id: {quoted}, name: {quoted} }}")
            raise ConfigurationError("model_missing", name=self.name, model=model, **to_write)


def find_provider(name: str) -> Provider:
    """Return the provider `models.providers.<name>` of openclaw.json.

    Raises:
        ConfigurationError: naming the file, what is missing or malformed, and the lines to add.
    """
    entry = provider_entry(name)
    secret = find_key([key_source(name, entry)]).secret
    headers, models = _headers(name, entry.get("headers")), _models(entry.get("models"))
    return Provider(name, base_url(name, entry), secret, headers, models)


def provider_entry(name: str) -> dict[str, Any]:
    """Return the provider's part of the configuration, unread."""
    try:
        entry = read_config()
    except FileNotFoundError:
        raise ConfigurationError("config_missing", name=name, **_to_write((), (*PLACE, name), ENTRY)) from None
    except OSError as error:
        reason = Said("not_regular_file") if error.errno == errno.EINVAL else error.strerror
        raise ConfigurationError("config_unreadable", path=config_path(), reason=reason) from error
    except (ValueError, RecursionError):
        raise ConfigurationError("config_unreadable", path=config_path(), reason=Said("not_json5")) from None
    steps = (*PLACE, name)
    for depth, step in enumerate(steps):
        inner = entry.get(step)
        if not isinstance(inner, dict):
            to_write = _to_write(steps[:depth], steps[depth:], ENTRY)
            raise ConfigurationError("provider_missing", name=name, **to_write)
        entry = inner
    return entry


def base_url(name: str, entry: Mapping[str, Any]) -> str:
    """Return the provider's address without a trailing slash: https, or http on this machine."""
    text = entry.get("baseUrl")
    where = f"models.providers.{name}.baseUrl"
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError("provider_incomplete", what=where, **_to_write((*PLACE, name), (), ADDRESS))
    text = resolved(text.strip(), where)
    try:
        host, reason = host_of(text), None
    except UrlRefused as error:
        got, why = without_query(text), Said(f"url_{error.reason}")
        raise ConfigurationError("base_url_invalid", source=where, got=got, reason=why) from error
    if "?" in text or "#" in text:
        reason = "url_query"
    elif not (text.lower().startswith("https://") or (text.lower().startswith("http://") and is_loopback(host))):
        reason = "url_not_https"
    if reason:
        raise ConfigurationError("base_url_invalid", source=where, got=host, reason=Said(reason))
    return text.rstrip("/")


def key_source(name: str, entry: Mapping[str, Any]) -> KeySource:
    """Return where the provider's key comes from: plain, a variable, or a reference to a secret."""
    where = f"models.providers.{name}.apiKey"

    def read() -> str | None:
        given = entry.get("apiKey")
        if given is None or given == "":
            raise ConfigurationError("provider_incomplete", what=where, **_to_write((*PLACE, name), (), KEY))
        return resolved(given, where)

    return KeySource(f"{config_path()}: {where}", read)


def resolved(given: Any, where: str) -> str:
    """Return the text that a configuration value stands for.

    OpenClaw knows plain text, `${NAME}`, `$NAME`, and objects {source: env, file, exec or store, provider, id}.

    Raises:
        ConfigurationError: a variable that is not set, a source that only the gateway can read, a wrong type.
    """
    if isinstance(given, dict):
        return _referenced(given, where)
    if not isinstance(given, str):
        raise ConfigurationError("secret_malformed", what=where)
    return VARIABLE.sub(lambda match: _variable(match[1] or match[2], where), given)


def _variable(name: str, where: str) -> str:
    value = os.environ.get(name, "").strip()  # the user names the variable
    if not value or value.startswith("$"):
        raise ConfigurationError("variable_missing", what=where, variable=name)
    return value


def _referenced(reference: Mapping[str, Any], where: str) -> str:
    source, identifier = reference.get("source"), reference.get("id")
    if source in ("exec", "store"):
        raise ConfigurationError("secret_source_refused", what=where, source=source)
    if not isinstance(identifier, str):
        raise ConfigurationError("secret_malformed", what=where)
    if source == "env" and VARIABLE.fullmatch(f"${identifier}"):
        return _variable(identifier, where)
    if source != "file":
        raise ConfigurationError("secret_malformed", what=where)
    return _from_file(reference.get("provider"), identifier, where)


def _from_file(alias: Any, identifier: str, where: str) -> str:
    """Read a secret from the file of `secrets.providers.<alias>`: by a JSON pointer, or all of it."""
    settings: Any = read_config()
    for step in ("secrets", "providers", alias):
        settings = settings.get(step) if isinstance(settings, dict) and isinstance(step, str) else None
    path = settings.get("path") if isinstance(settings, dict) and settings.get("source") == "file" else None
    if not isinstance(path, str):
        raise ConfigurationError("secret_malformed", what=where)
    file = expanded(path)
    try:
        if not file.is_file():  # a pipe would be waited for
            raise FileNotFoundError
        with file.open("rb") as opened:
            text = opened.read(LARGEST_SECRET_FILE).decode("utf-8-sig")
        value = text.strip() if settings.get("mode") == "singleValue" else _pointed(json.loads(text), identifier)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise ConfigurationError("secret_file_unreadable", what=where, path=file) from None
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError("secret_file_unreadable", what=where, path=file)
    return value


def _pointed(document: Any, pointer: str) -> Any:
    """Follow an RFC 6901 pointer."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def _models(given: Any) -> frozenset[str]:
    """Return the ids of a list of models, which OpenClaw keeps as objects with an `id`."""
    listed = given if isinstance(given, list) else []
    ids = [one.get("id") if isinstance(one, dict) else one for one in listed]
    return frozenset(one for one in ids if isinstance(one, str))


def _headers(name: str, given: Any) -> dict[str, str]:
    where = f"models.providers.{name}.headers"
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ConfigurationError("header_invalid", what=where)
    headers = {}
    for header, value in given.items():
        if not HEADER.fullmatch(header) or header.lower() in OUR_HEADERS:
            raise ConfigurationError("header_invalid", what=f"{where}.{header!r}")
        text = resolved(value, f"{where}.{header}").strip()
        if not (text.isascii() and text.isprintable()):
            raise ConfigurationError("header_invalid", what=f"{where}.{header}")
        if text != value or TELLTALE.search(header):
            Secret(text)  # masked from now on
        headers[header] = text
    return headers


def _to_write(place: Sequence[str], steps: Sequence[str], text: str) -> dict[str, Any]:
    """Return the facts of a hint: the file, where in it, and the text that brings `steps` and what they hold."""
    for step in reversed(steps):
        text = f"{step if step.isidentifier() else json.dumps(step)}: {{ {text} }}"
    where = {"path": config_path(), "place": ".".join(place) or Said("outermost_braces")}
    return {**where, "snippet": text, "line": f"{text},"}
