"""What is said about a task: before it is paid, and the words that an agent passes on to the user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ima_studio.pricing import Offer, choose, resolve
from ima_studio.products import MAX_LABEL
from ima_studio.request import DEFAULT_MODEL
from shared.errors import (
    BadInput,
    DiskError,
    InvalidRequest,
    OutcomeUnknown,
    RateLimitError,
    SkillError,
    StillRunning,
    TaskFailed,
    TaskLocked,
    Unreachable,
    UnusableResult,
)
from shared.i18n.catalog import sanitize_line
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ima_studio.products import Product
    from ima_studio.request import ImageRequest
    from ima_studio.submit import Purchase
    from shared.cli.context import CommandContext
    from shared.journal.entry import Entry

Seconds = tuple[float, float]
"""How long something takes, at least and at most."""
ADVICE: dict[type, str] = {
    BadInput: "advice_correct",
    RateLimitError: "advice_wait",
    Unreachable: "advice_wait",
    TaskFailed: "advice_pay_again",
    OutcomeUnknown: "advice_look_first",
    DiskError: "advice_disk",
    UnusableResult: "advice_fetch",
}


def tell_start(run: CommandContext, purchase: Purchase, expected: Seconds | None) -> None:
    """Say what is about to be paid, for the person and for the agent to pass on."""
    offer = purchase.offer
    facts = {
        "model": offer.product.label,
        "size": sanitize_line(offer.size or "-", 20),
        "ratio": offer.ratio,
        "count": offer.count,
        "points": f"{offer.points:g}",
        "least": f"{expected[0]:.0f}" if expected else "?",
        "most": f"{expected[1]:.0f}" if expected else "?",
    }
    run.result.extra["messages"]["start"] = run.catalog.format("start_message", **facts)
    run.reporter.info("create_summary", **facts)
    run.reporter.notify_user("start_for_user", **facts)
    tell_notice(run, purchase)


def tell_notice(run: CommandContext, purchase: Purchase) -> None:
    """Say what is less than the user asked for."""
    if purchase.notice:
        run.reporter.always("notice_line", notice=purchase.notice)


def name_remembered(request: ImageRequest, offer: Offer, products: Sequence[Product], run: CommandContext) -> None:
    """Say that the user's own model is used, and what it costs more than the default."""
    facts = {"model": offer.product.label, "points": f"{offer.points:g}"}
    try:
        default = resolve(choose(products, DEFAULT_MODEL, None), replace(request, model_id=DEFAULT_MODEL))
    except (BadInput, InvalidRequest):
        default = offer
    if offer.points <= default.points:
        run.reporter.info("remembered_model", **facts)
        return
    more = {"default": default.product.label, "default_points": f"{default.points:g}"}
    run.reporter.always("remembered_dearer", **facts, **more)


def identify(run: CommandContext, entry: Entry) -> None:
    """Let the result's own keys speak of the task that is in hand."""
    name, cost = entry.applied.get("model_name"), entry.cost or {}
    run.result.extra |= {"model_id": entry.model or None, "model_name": name, "credit": cost.get("amount")}


def tell_success(run: CommandContext, entry: Entry, expected: Seconds | None) -> None:
    """Put the words for the user into the result; the link stays whole, it is the user's."""
    say, url = run.catalog.format, run.result.extra["url"]
    message = say(
        "success_message",
        model=sanitize_line(entry.applied.get("model_name") or entry.model or "-", MAX_LABEL),
        expected=say("seconds_range", least=f"{expected[0]:.0f}", most=f"{expected[1]:.0f}") if expected else "-",
        actual=say("seconds_exact", seconds=f"{entry.seconds:.0f}")
        if entry.seconds
        else MessageRef("seconds_unknown"),
        points=f"{entry.cost['amount']:g}" if entry.cost else "-",
        before=MessageRef("paid_before") if run.result.reused else "",
    )
    run.result.extra["messages"]["success"] = f"{message}\n{say('original_link')}{url}"
    run.summary_lines.append(run.result.extra["messages"]["success"])


def tell_failure(run: CommandContext, error: SkillError) -> None:
    """Put the words for the user into the result; where only the waiting ended, nothing has failed."""
    if isinstance(error, StillRunning | TaskLocked):
        return
    say = run.catalog.format
    run.result.extra["messages"]["failure"] = say(
        _failure(run, error),
        saved=len(run.result.images),
        reason=say(error.code, **error.facts),
        advice=say(_advice(run, error), **error.facts),
    )


def _failure(run: CommandContext, error: SkillError) -> str:
    """Return the message: what is at the service, or has come in part, has not failed."""
    if isinstance(error, OutcomeUnknown):
        return "unknown_message"
    if run.result.images:
        return "partial_message"
    return "unfinished_message" if run.result.status in ("submitted", "running") else "failure_message"


def _advice(run: CommandContext, error: SkillError) -> str:
    """Return what the user can do, in plain words: hints that name flags and commands are for agents."""
    if run.catalog.has(f"{error.code}.advice"):
        return f"{error.code}.advice"
    if isinstance(error, UnusableResult) and error.remedy == "new":
        return "advice_pay_again"
    for kind in type(error).__mro__:
        if kind in ADVICE:
            return ADVICE[kind]
    return f"{error.code}.hint" if run.catalog.has(f"{error.code}.hint") else "fallback_advice"
