"""Checked values of options and task fields for the provider and the attempts."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from openai_images.config.provider import APPROVED, DEFAULT_PROVIDER, NAME
from openai_images.model_tables.capabilities import capabilities_of
from openai_images.request import DEFAULT_MODEL, NUMBERS, OPTIONS
from openai_images.retry_policy import MAX_ATTEMPTS, RetryPolicy
from shared.cli.app import parse_number as spelled_number
from shared.errors import BadInput
from shared.i18n.catalog import short_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shared.cli.context import CommandContext

TOTAL_SECONDS = 1700.0  # for all attempts of a task; an agent's shell kills its command after 1800 s
MAX_DELAY = 600.0  # seconds, for each of the retry options
MAX_TIMEOUT_MS = 86_400_000
ON_UNKNOWN = ("fail", "retry")


def number(flag: str, raw_value: Any, minimum: float, maximum: float, *, whole: bool = False) -> float | None:
    """Return the value of a numeric option or field, None if it is not set.

    Raises:
        BadInput: `not_a_number`, naming the flag and the range; NaN and booleans are not numbers.
    """
    if raw_value is None:
        return None
    if isinstance(raw_value, str):
        return spelled_number(flag, raw_value, minimum, maximum, whole=whole)
    try:
        value = float(int(raw_value)) if whole and not isinstance(raw_value, float) else float(raw_value)
        fits = (
            not isinstance(raw_value, bool) and minimum <= value <= maximum and (not whole or value == int(value))
        )
    except (TypeError, ValueError, OverflowError):
        fits, value = False, 0.0
    if not fits:
        raise BadInput(
            "not_a_number", flag=flag, least=f"{minimum:g}", most=f"{maximum:.10g}", got=short_repr(raw_value)
        )
    return value


def retry_policy(settings: Mapping[str, Any]) -> RetryPolicy:
    """Return the retry policy of the settings; None stands for a default.

    Raises:
        BadInput: a number is out of range.
    """
    values = {
        "max_attempts": number("--max-attempts", settings.get("max_attempts"), 1, MAX_ATTEMPTS, whole=True),
        "base_delay": number("--retry-base-delay", settings.get("retry_base_delay"), 0, MAX_DELAY),
        "max_delay": number("--retry-max-delay", settings.get("retry_max_delay"), 0, MAX_DELAY),
        "jitter": number("--retry-jitter", settings.get("retry_jitter"), 0, MAX_DELAY),
        "seconds": number("--timeout-ms", settings.get("timeout_ms"), 1, MAX_TIMEOUT_MS),
    }
    if values["seconds"] is not None:
        values["seconds"] /= 1000
    on_unknown = ON_UNKNOWN[0] if settings.get("on_unknown") is None else settings["on_unknown"]
    if on_unknown not in ON_UNKNOWN:
        raise BadInput(
            "not_one_of", flag="--on-unknown", expected=", ".join(ON_UNKNOWN), got=short_repr(on_unknown)
        )
    numbers: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    if "max_attempts" in numbers:
        numbers["max_attempts"] = int(numbers["max_attempts"])
    return RetryPolicy(**numbers, retry_unknown=on_unknown == "retry")


def provider_name(option: str | None) -> str:
    """Return the provider's name: the option, otherwise OPENCLAW_IMAGE_PROVIDER, otherwise happy.

    Raises:
        BadInput: it is not a valid provider name.
    """
    name = option if option is not None else os.environ.get("OPENCLAW_IMAGE_PROVIDER") or DEFAULT_PROVIDER
    if not NAME.fullmatch(name):
        raise BadInput("provider_invalid", flag="--provider", got=short_repr(name))
    return name


def model_name(option: str | None) -> str:
    """Return the model's name: the option, otherwise OPENCLAW_IMAGE_MODEL, otherwise gpt-image-2.

    `happy/gpt-image-2`, as the pair is often written, means its model.
    """
    name = option if option is not None else os.environ.get("OPENCLAW_IMAGE_MODEL") or DEFAULT_MODEL
    return name.removeprefix(f"{DEFAULT_PROVIDER}/") if name == "/".join(APPROVED) else name


def image_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of an image that are set, by the names of OPTIONS; numbers are checked here.

    Raises:
        BadInput: `not_a_number`.
    """
    options = {name: settings[name] for name in OPTIONS if settings.get(name) is not None}
    for name in NUMBERS.keys() & options.keys():
        options[name] = int(number(f"--{name}", options[name], *NUMBERS[name], whole=True) or 0)
    return options


def note_other_models(context: CommandContext, models: Iterable[str]) -> None:
    """Say which models the table of capabilities does not have: their values are sent as they are."""
    for model in dict.fromkeys(models):
        if not capabilities_of(model).listed:
            context.reporter.info("model_unlisted", model=model)


def reference_list(flag: str, value: Any) -> list[str]:
    """Return the paths of `--images` or `images`: a list, a JSON array of paths, or paths with commas between.

    Raises:
        BadInput: `references_malformed`.
    """
    paths = value
    if isinstance(value, str):
        paths = [path.strip() for path in value.split(",")]
        if value.lstrip().startswith("["):
            try:
                paths = json.loads(value)
            except (ValueError, RecursionError):
                paths = None
    if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
        raise BadInput("references_malformed", flag=flag, got=short_repr(value))
    return paths


def is_approved(provider: str, model: str) -> bool:
    """Return whether results of this provider and model are accepted as proof."""
    return (provider, model) == APPROVED


def set_proof(context: CommandContext, provider: str, models: Sequence[str]) -> None:
    """Note whether the images of a command are accepted as proof, and warn if they are not."""
    others = [model for model in models if not is_approved(provider, model)]
    reason = None
    if others:
        facts = {"provider": provider, "model": ", ".join(dict.fromkeys(others)), "approved": "/".join(APPROVED)}
        reason = context.catalog.format("not_approved", **facts)
        context.reporter.always("not_approved", **facts)
    context.note_own(proof={"acceptable": not others, "reason": reason})


def refuse_incomplete_proof(context: CommandContext, done: int, total: int) -> None:
    """Mark a result of several tasks as not acceptable unless all of them, and at least one, completed."""
    proof = context.result.extra.get("proof") or {"acceptable": True}
    if proof["acceptable"] and not 0 < total == done:
        reason = context.catalog.format("proof_incomplete", done=done, total=total)
        context.note_own(proof={"acceptable": False, "reason": reason})


def names_database(argv: Sequence[str]) -> bool:
    """Return whether arguments, or else the environment, name a fleet's database."""
    named = any(word == "--database" or word.startswith("--database=") for word in argv)
    return named or bool(os.environ.get("IMAGE_QUEUE_DATABASE"))
