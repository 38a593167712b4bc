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
    from shared.i18n.catalog import Catalog
    from shared.journal.entry import Entry
    from shared.output.outcome import Outcome
    from shared.output.progress import Reporter

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


def tell_price(purchase: Purchase, expected: Seconds | None, reporter: Reporter) -> str | None:
    """Report what is about to be paid; return the notices, nothing was accepted yet."""
    reporter.info("create_summary", **_start_facts(purchase, expected))
    return tell_notices(purchase, reporter)


def start_message(purchase: Purchase, expected: Seconds | None, reporter: Reporter) -> str:
    """Report that the generation has begun, and return the message about it for the agent to pass on."""
    facts, say = _start_facts(purchase, expected), reporter.catalog.format
    notices = "".join(say("notice_bullet", notice=text) for text in _notices(purchase, reporter.catalog))
    reporter.notify_user("start_for_user", **facts)
    return say("start_message", **facts, notices=notices)


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


def tell_notices(purchase: Purchase, reporter: Reporter) -> str | None:
    """Report what the user should know before paying; return it for the agent to pass on."""
    notices = _notices(purchase, reporter.catalog)
    for notice in notices:
        reporter.always("notice_line", notice=notice)
    return "\n".join(reporter.catalog.format("notice_line", notice=notice) for notice in notices) or None


def _notices(purchase: Purchase, catalog: Catalog) -> list[str]:
    """Return in words: a reduced size, files that become public, a larger size at the same price."""
    say, offer = catalog.format, purchase.offer
    notices = [purchase.notice] if purchase.notice else []
    if purchase.request.files:
        names = ", ".join(sanitize_line(image.path.name, MAX_LABEL) for image in purchase.request.files)
        notices.append(say("file_public", names=names))
    larger = larger_at_same_price(offer)
    if larger and offer.size:
        facts = {"larger": larger, "size": offer.size, "points": f"{offer.rule.points:g}"}
        notices.append(say("same_price", **facts))
    return notices


def name_remembered(request: ImageRequest, offer: Offer, products: Sequence[Product], reporter: Reporter) -> None:
    """Report that the user's preferred model is used, and its extra cost over the default."""
    facts = {"model": offer.product.label, "points": f"{offer.points:g}"}
    try:
        default = resolve(choose(products, DEFAULT_MODEL, None), replace(request, model_id=DEFAULT_MODEL))
    except (BadInput, InvalidRequest):
        default = offer
    if offer.points <= default.points:
        reporter.info("remembered_model", **facts)
        return
    more = {"default": default.product.label, "default_points": f"{default.points:g}"}
    reporter.always("remembered_dearer", **facts, **more)


def with_messages(outcome: Outcome, catalog: Catalog) -> Outcome:
    """Return an outcome with this skill's own keys: the model and its price, and the message about its end."""
    entry = outcome.entry
    if entry:
        name, points = entry.applied.get("model_name"), (entry.cost or {}).get("amount")
        facts = {"model_id": entry.model or None, "model_name": name, "credit": points}
        outcome = replace(outcome, extra={**outcome.extra, **facts})
    if isinstance(outcome.error, SkillError):
        return _with_failure(outcome, outcome.error, catalog)
    return _with_success(outcome, entry, catalog) if entry and outcome.images and not outcome.error else outcome


def with_message(outcome: Outcome, name: str, message: str) -> Outcome:
    """Return an outcome with a message for the user, for the agent to pass on."""
    return replace(outcome, extra={**outcome.extra, "messages": {**outcome.extra["messages"], name: message}})


def _with_success(outcome: Outcome, entry: Entry, catalog: Catalog) -> Outcome:
    """Return an outcome with the success message; the user's link keeps its query."""
    say, url, expected = catalog.format, outcome.extra["url"], outcome.expected
    notice = entry.applied.get("notice")
    message = say(
        "success_message",
        model=sanitize_line(entry.applied.get("model_name") or entry.model or "-", MAX_LABEL),
        expected=duration(*expected) if expected else "-",
        actual=duration(entry.seconds) if entry.seconds else MessageRef("seconds_unmeasured"),
        points=f"{entry.cost['amount']:g}" if entry.cost else "-",
        before=MessageRef("paid_before") if outcome.reused else "",
        notices=MessageRef("notice_bullet", notice=notice) if notice else "",
    )
    message = f"{message}\n{say('original_link')}{url}"
    return with_message(replace(outcome, lines=(*outcome.lines, message)), "success", message)


def _with_failure(outcome: Outcome, error: SkillError, catalog: Catalog) -> Outcome:
    """Return an outcome with the failure message, unless only the wait ended."""
    if isinstance(error, StillRunning | TaskLocked):
        return outcome
    say = catalog.format
    message = say(
        _failure(outcome, error),
        saved=len(outcome.images),
        reason=say(error.code, **error.facts),
        advice=say(_advice(error, catalog), cheaper=_cheaper(outcome), **error.facts),
        cost=MessageRef("nothing_charged") if outcome.charged == "no" else "",
    )
    return with_message(outcome, "failure", message)


def _cheaper(outcome: Outcome) -> str:
    """Return what would cost less: one image, a smaller size, the default model; "" if nothing would."""
    requested = {**outcome.applied, **outcome.requested}
    count, size = requested.get("n"), requested.get("size")
    if isinstance(count, int) and count > 1:
        return MessageRef("cheaper_one", count=count)
    if size in SIZES[1:]:
        return MessageRef("cheaper_size", size=size)
    return MessageRef("cheaper_model") if outcome.model not in (None, DEFAULT_MODEL) else ""


def _failure(outcome: Outcome, error: SkillError) -> str:
    """Return the failure message; a task that continues, or has come in part, has not failed."""
    if isinstance(error, OutcomeUnknown):
        return "unknown_message"
    if outcome.images:
        return "partial_message"
    return "unfinished_message" if outcome.status in ("submitted", "running") else "failure_message"


def _advice(error: SkillError, catalog: Catalog) -> str:
    """Return the advice for the user; hints that name flags and commands are for agents."""
    if catalog.has(f"{error.code}.advice"):
        return f"{error.code}.advice"
    if isinstance(error, UnusableResult) and error.remedy == "new":
        return "advice_pay_again"
    for kind in type(error).__mro__:
        if kind in ADVICE:
            return ADVICE[kind]
    return f"{error.code}.hint" if catalog.has(f"{error.code}.hint") else "fallback_advice"
