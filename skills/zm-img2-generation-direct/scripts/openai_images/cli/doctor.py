"""The doctor's checks of the provider: the sources of its settings, its key and its service."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from openai_images.cli.options import provider_name
from openai_images.config.base_url import allows_private_network, base_url
from openai_images.config.provider import find_provider, headers_of, key_source
from openai_images.config.provider_entry import read_entry
from shared.cli.doctor import DoctorConfig
from shared.errors import SkillError
from shared.openclaw.folders import state_folders
from shared.security.keys import KeySource, ResolvedKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from openai_images.config.provider_entry import ProviderEntry
    from shared.cli.doctor import Line

INCONCLUSIVE = frozenset(("service_without_list",))


def doctor_config(
    options: dict[str, Any],
    *,
    user_agent: str,
    more_checks: Callable[[dict[str, Any]], Mapping[str, Callable[[Callable[..., str]], Iterator[Line]]]]
    | None = None,
) -> DoctorConfig:
    """Return the doctor's checks; an unreadable setting is reported by the check that needs it."""
    name = provider_name(options["provider"])
    service = ""
    try:
        entry = read_entry(name)
    except SkillError as error:
        source = KeySource("openclaw.json", functools.partial(_raise, error))
        settings, key_files = None, []
    else:
        key_files = [entry.file("apiKey")]
        source, settings = key_source(entry), functools.partial(setting_lines, entry)
        with contextlib.suppress(SkillError):  # the settings report it
            service = base_url(entry)

    def ask(key: ResolvedKey) -> str:  # noqa: ARG001  - the provider brings its own
        from openai_images.client import Client  # noqa: PLC0415

        with Client(find_provider(name), user_agent=user_agent) as client:
            return "service_accepts" if client.check_key() else "service_without_list"

    return DoctorConfig(
        [source],
        service,
        ask,
        state_folders()[0] / "generated-images",
        inconclusive=INCONCLUSIVE,
        key_files=key_files,
        settings=settings,
        more=more_checks(options) if more_checks else {},
    )


def setting_lines(entry: ProviderEntry, say: Callable[..., str]) -> Iterator[Line]:
    """Yield the sources of the address, the key and the headers, without secrets.

    Raises:
        ConfigurationError: the address or a header is invalid.
    """
    headers = entry.fields.get("headers")
    values: list[tuple[tuple[str, ...], Any]] = [
        ((name,), entry.fields.get(name)) for name in ("baseUrl", "apiKey")
    ]
    if isinstance(headers, dict):
        values += [(("headers", name), value) for name, value in headers.items()]
    for steps, value in values:
        if value is not None:
            yield "ok", say("setting_from", what=entry.where(*steps), path=entry.file(*steps))
        for name, variable in entry.variables(value):
            yield "ok", say("setting_variable", variable=name, source=variable.source)
    address = base_url(entry)
    yield "ok", say("setting_address", address=address)
    if address.startswith("http://") and allows_private_network(entry):
        yield "note", say("setting_unencrypted", address=address)
    headers_of(entry)


def _raise(error: SkillError) -> str | None:
    raise error
