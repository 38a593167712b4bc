"""Resolve the variables that OpenClaw's configuration may name, in OpenClaw's order of sources."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import ConfigurationError
from shared.i18n.messages import MessageRef
from shared.openclaw.config_files import read_file
from shared.openclaw.folders import openclaw_home, state_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shared.openclaw.config_files import Config

MAX_ENV_FILE_BYTES = 1 << 20  # as in OpenClaw 2026.9.6
REFERENCE = re.compile(r"\$?\$\{([A-Z_][A-Z0-9_]*)\}")
"""A variable in a value; with two dollar signs it is the text `${NAME}`. Other names are text, as in OpenClaw."""


@dataclass(frozen=True)
class Variable:
    """The value of a variable and the place that sets it: a file, or the process environment."""

    value: str
    source: str


def find_variable(name: str, config: Config) -> Variable | None:
    """Return a variable, None if it is not set anywhere, or an empty text if only empty values are set.

    The order is OpenClaw's (docs/help/environment.md of 2026.9.6): the process environment, `<state>/.env`,
    `~/.config/openclaw/gateway.env` beside the default state folder, the configuration's `env`. An empty value
    hides the files but not the configuration. OpenClaw also reads a login shell and a `.env` of the current folder
    (without credentials); neither is read here.
    """
    empty = None
    for variable in _variables(name, config):
        if variable.value:
            return variable
        empty = empty or variable
    return empty


def env_files() -> list[Path]:
    """Return the env files that OpenClaw reads, whether they exist or not."""
    in_force = state_folders()[0]
    with contextlib.suppress(ConfigurationError):  # without a home folder there is no default one
        if in_force == openclaw_home() / ".openclaw":
            return [in_force / ".env", openclaw_home() / ".config" / "openclaw" / "gateway.env"]
    return [in_force / ".env"]


def _variables(name: str, config: Config) -> Iterator[Variable]:
    value = os.environ.get(name)  # the user names the variable
    if value is not None:
        yield Variable(value.strip(), MessageRef("process_environment"))
    else:
        for file in env_files():
            value = _env_file(file).get(name)
            if value is not None:
                yield Variable(value.strip(), str(file))
                break
    env = config.document.get("env")
    if not isinstance(env, dict):
        return
    named = env.get("vars")
    places: list[tuple[Any, tuple[str, ...]]] = [(env.get(name), ("env", name))]
    if isinstance(named, dict):
        places.append((named.get(name), ("env", "vars", name)))
    for value, place in places:  # `env` itself overrides `env.vars`
        if name not in ("vars", "shellEnv") and isinstance(value, str) and not _refers(value):
            yield Variable(value.strip(), f"{config.origin(*place)}: {'.'.join(place)}")


def _refers(value: str) -> bool:
    return any(not match[0].startswith("$$") for match in REFERENCE.finditer(value))


def _env_file(path: Path) -> dict[str, str | None]:
    """Return what an env file sets; one that is absent, too large or unreadable sets nothing, as in OpenClaw."""
    import io  # noqa: PLC0415  - with dotenv, only for those who have such a file

    try:
        text = read_file(path, MAX_ENV_FILE_BYTES)
    except (OSError, ValueError):
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415

    return dotenv_values(stream=io.StringIO(text), interpolate=False)
