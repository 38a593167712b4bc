"""What the options of a command, or the fields of a task, say about the provider and the attempts, checked."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from openai_images.config.provider import APPROVED, DEFAULT_PROVIDER, NAME
from openai_images.request import DEFAULT_MODEL
from openai_images.retry_policy import MOST_ATTEMPTS, Policy
from shared.cli.app import parse_number as spelled_number
from shared.errors import BadInput
from shared.i18n.catalog import short_repr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shared.cli.context import CommandContext

TOTAL_SECONDS = 1700.0  # for all attempts of a task; an agent's shell kills its command after 1800 s
LONGEST_PAUSE = 600.0  # seconds, for each of the retry options
LONGEST_TIMEOUT_MS = 86_400_000
ON_UNKNOWN = ("fail", "retry")


def number(flag: str, given: Any, least: float, most: float, *, whole: bool = False) -> float | None:
    """Return the value of a numeric option or field, None when there is none.

    Raises:
        BadInput: `not_a_number`, naming the flag, the range and what came; NaN and true are none.
    """
    if given is None:
        return None
    if isinstance(given, str):
        return spelled_number(flag, given, least, most, whole=whole)
    try:
        value = float(int(given)) if whole and not isinstance(given, float) else float(given)
        fits = not isinstance(given, bool) and least <= value <= most and (not whole or value == int(value))
    except (TypeError, ValueError, OverflowError):
        fits, value = False, 0.0
    if not fits:
        raise BadInput("not_a_number", flag=flag, least=f"{least:g}", most=f"{most:.10g}", got=short_repr(given))
    return value


def policy(given: Mapping[str, Any]) -> Policy:
    """Return how often and how soon requests are sent; None stands for what was not given.

    Raises:
        BadInput: a number out of range.
    """
    told = {
        "most": number("--max-attempts", given.get("max_attempts"), 1, MOST_ATTEMPTS, whole=True),
        "base": number("--retry-base-delay", given.get("retry_base_delay"), 0, LONGEST_PAUSE),
        "longest": number("--retry-max-delay", given.get("retry_max_delay"), 0, LONGEST_PAUSE),
        "jitter": number("--retry-jitter", given.get("retry_jitter"), 0, LONGEST_PAUSE),
        "seconds": number("--timeout-ms", given.get("timeout_ms"), 1, LONGEST_TIMEOUT_MS),
    }
    if told["seconds"] is not None:
        told["seconds"] /= 1000
    on_unknown = ON_UNKNOWN[0] if given.get("on_unknown") is None else given["on_unknown"]
    if on_unknown not in ON_UNKNOWN:
        raise BadInput(
            "not_one_of", flag="--on-unknown", expected=", ".join(ON_UNKNOWN), got=short_repr(on_unknown)
        )
    numbers: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    if "most" in numbers:
        numbers["most"] = int(numbers["most"])
    return Policy(**numbers, retry_unknown=on_unknown == "retry")


def provider_name(given: str | None) -> str:
    """Return the provider to ask: as given, else OPENCLAW_IMAGE_PROVIDER, else happy.

    Raises:
        BadInput: it can be no provider's name.
    """
    name = given if given is not None else os.environ.get("OPENCLAW_IMAGE_PROVIDER") or DEFAULT_PROVIDER
    if not NAME.fullmatch(name):
        raise BadInput("provider_invalid", flag="--provider", got=short_repr(name))
    return name


def model_name(given: str | None) -> str:
    """Return the model to ask for: as given, else OPENCLAW_IMAGE_MODEL, else gpt-image-2.

    `happy/gpt-image-2`, as the pair is often written, means its model.
    """
    name = given if given is not None else os.environ.get("OPENCLAW_IMAGE_MODEL") or DEFAULT_MODEL
    return name.removeprefix(f"{DEFAULT_PROVIDER}/") if name == "/".join(APPROVED) else name


def reference_list(flag: str, given: Any) -> list[str]:
    """Return the paths of `--images` or `images`: a list, a JSON array of paths, or paths with commas between.

    Raises:
        BadInput: `references_malformed`.
    """
    paths = given
    if isinstance(given, str):
        paths = [path.strip() for path in given.split(",")]
        if given.lstrip().startswith("["):
            try:
                paths = json.loads(given)
            except (ValueError, RecursionError):
                paths = None
    if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
        raise BadInput("references_malformed", flag=flag, got=short_repr(given))
    return paths


def is_approved(provider: str, model: str) -> bool:
    """Tell whether results of this pair are accepted as proof."""
    return (provider, model) == APPROVED


def tell_proof(run: CommandContext, provider: str, models: Sequence[str]) -> None:
    """Put into the result whether its pictures can be accepted as proof, and say so when they cannot."""
    others = [model for model in models if not is_approved(provider, model)]
    reason = None
    if others:
        facts = {"provider": provider, "model": ", ".join(dict.fromkeys(others)), "approved": "/".join(APPROVED)}
        reason = run.catalog.format("not_approved", **facts)
        run.reporter.always("not_approved", **facts)
    run.result.extra["proof"] = {"acceptable": not others, "reason": reason}
