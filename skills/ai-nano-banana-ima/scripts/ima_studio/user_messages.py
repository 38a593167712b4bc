"""Messages about a task for the user: before it is paid, and at its end for the agent to pass on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ima_studio.pricing import Offer, choose, larger_at_same_price, resolve
from ima_studio.products import MAX_LABEL
from ima_studio.request import DEFAULT_MODEL, SIZES
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
from shared.i18n.catalog import duration, sanitize_line
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ima_studio.products import Product
    from ima_studio.request import ImageRequest
    from ima_studio.submit import Purchase
    from shared.cli.context import CommandContext
    from shared.journal.entry import Entry

Seconds = tuple[float, float]
"""The shortest and the longest duration."""
ADVICE: dict[type, str] = {
    BadInput: "advice_correct",
    RateLimitError: "advice_wait",
    Unreachable: "advice_wait",
    TaskFailed: "advice_pay_again",
    OutcomeUnknown: "advice_look_first",
    DiskError: "advice_disk",
    UnusableResult: "advice_fetch",
}


def tell_price(context: CommandContext, purchase: Purchase, expected: Seconds | None) -> None:
    """Report to the person what is about to be paid; nothing was accepted yet."""
    context.reporter.info("create_summary", **_start_facts(purchase, expected))
    tell_notices(context, purchase)


def tell_start(context: CommandContext, purchase: Purchase, expected: Seconds | None) -> None:
    """Give the agent the message that the generation has begun, once the service has accepted it."""
    facts = _start_facts(purchase, expected)
    notices = "".join(context.catalog.format("notice_bullet", notice=text) for text in _notices(context, purchase))
    context.result.extra["messages"]["start"] = context.catalog.format("start_message", **facts, notices=notices)
    context.reporter.notify_user("start_for_user", **facts)


def _start_facts(purchase: Purchase, expected: Seconds | None) -> dict[str, Any]:
    offer = purchase.offer
    return {
        "model": offer.product.label,
        "size": sanitize_line(offer.size or "-", 20),
        "ratio": offer.ratio,
        "count": offer.count,
        "points": f"{offer.points:g}",
        "duration": duration(*expected) if expected else MessageRef("seconds_unknown"),
    }


def tell_notices(context: CommandContext, purchase: Purchase) -> None:
    """Report what the user should know before paying, also as `messages.notice` for the agent to pass on."""
    notices = _notices(context, purchase)
    for notice in notices:
        context.reporter.always("notice_line", notice=notice)
    if notices:
        lines = [context.catalog.format("notice_line", notice=notice) for notice in notices]
        context.result.extra["messages"]["notice"] = "\n".join(lines)


def _notices(context: CommandContext, purchase: Purchase) -> list[str]:
    """Return in words: a reduced size, files that become public, a larger size at the same price."""
    say, offer = context.catalog.format, purchase.offer
    notices = [purchase.notice] if purchase.notice else []
    if purchase.request.files:
        names = ", ".join(sanitize_line(image.path.name, MAX_LABEL) for image in purchase.request.files)
        notices.append(say("file_public", names=names))
    larger = larger_at_same_price(offer)
    if larger and offer.size:
        facts = {"larger": larger, "size": offer.size, "points": f"{offer.rule.points:g}"}
        notices.append(say("same_price", **facts))
    return notices


def name_remembered(
    request: ImageRequest, offer: Offer, products: Sequence[Product], context: CommandContext
) -> None:
    """Report that the user's preferred model is used, and its extra cost over the default."""
    facts = {"model": offer.product.label, "points": f"{offer.points:g}"}
    try:
        default = resolve(choose(products, DEFAULT_MODEL, None), replace(request, model_id=DEFAULT_MODEL))
    except (BadInput, InvalidRequest):
        default = offer
    if offer.points <= default.points:
        context.reporter.info("remembered_model", **facts)
        return
    more = {"default": default.product.label, "default_points": f"{default.points:g}"}
    context.reporter.always("remembered_dearer", **facts, **more)


def identify(context: CommandContext, entry: Entry) -> None:
    """Set this skill's own keys of the result for the current task."""
    name, cost = entry.applied.get("model_name"), entry.cost or {}
    context.result.extra |= {"model_id": entry.model or None, "model_name": name, "credit": cost.get("amount")}


def tell_success(context: CommandContext, entry: Entry, expected: Seconds | None) -> None:
    """Put the success message into the result; the user's link keeps its query."""
    say, url, notice = context.catalog.format, context.result.extra["url"], entry.applied.get("notice")
    message = say(
        "success_message",
        model=sanitize_line(entry.applied.get("model_name") or entry.model or "-", MAX_LABEL),
        expected=duration(*expected) if expected else "-",
        actual=duration(entry.seconds) if entry.seconds else MessageRef("seconds_unmeasured"),
        points=f"{entry.cost['amount']:g}" if entry.cost else "-",
        before=MessageRef("paid_before") if context.result.reused else "",
        notices=MessageRef("notice_bullet", notice=notice) if notice else "",
    )
    context.result.extra["messages"]["success"] = f"{message}\n{say('original_link')}{url}"
    context.summary_lines.append(context.result.extra["messages"]["success"])


def tell_failure(context: CommandContext, error: SkillError) -> None:
    """Put the failure message into the result, unless only the wait ended."""
    if isinstance(error, StillRunning | TaskLocked):
        return
    say = context.catalog.format
    context.result.extra["messages"]["failure"] = say(
        _failure(context, error),
        saved=len(context.result.images),
        reason=say(error.code, **error.facts),
        advice=say(_advice(context, error), cheaper=_cheaper(context), **error.facts),
        cost=MessageRef("nothing_charged") if context.result.charged == "no" else "",
    )


def _cheaper(context: CommandContext) -> str:
    """Return what would cost less: one image, a smaller size, the default model; "" if nothing would."""
    requested = {**context.result.applied, **context.result.requested}
    count, size = requested.get("n"), requested.get("size")
    if isinstance(count, int) and count > 1:
        return MessageRef("cheaper_one", count=count)
    if size in SIZES[1:]:
        return MessageRef("cheaper_size", size=size)
    return MessageRef("cheaper_model") if context.result.model not in (None, DEFAULT_MODEL) else ""


def _failure(context: CommandContext, error: SkillError) -> str:
    """Return the failure message; a task that continues, or has come in part, has not failed."""
    if isinstance(error, OutcomeUnknown):
        return "unknown_message"
    if context.result.images:
        return "partial_message"
    return "unfinished_message" if context.result.status in ("submitted", "running") else "failure_message"


def _advice(context: CommandContext, error: SkillError) -> str:
    """Return the advice for the user; hints that name flags and commands are for agents."""
    if context.catalog.has(f"{error.code}.advice"):
        return f"{error.code}.advice"
    if isinstance(error, UnusableResult) and error.remedy == "new":
        return "advice_pay_again"
    for kind in type(error).__mro__:
        if kind in ADVICE:
            return ADVICE[kind]
    return f"{error.code}.hint" if context.catalog.has(f"{error.code}.hint") else "fallback_advice"
