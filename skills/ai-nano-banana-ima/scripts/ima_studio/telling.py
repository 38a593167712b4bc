"""What is said about a task: before it is paid, and the words that an agent passes on to the user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ima_studio.offers import Offer, choose, resolve
from ima_studio.request import DEFAULT_MODEL
from shared.errors import (
    BadInput,
    Busy,
    DiskError,
    NotFinished,
    OutcomeUnknown,
    RateLimited,
    Refused,
    SkillError,
    TaskFailed,
    Unreachable,
    UnusableResult,
)
from shared.texts import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ima_studio.products import Product
    from ima_studio.purchase import Purchase
    from ima_studio.request import ImageRequest
    from shared.entry import Entry
    from shared.run import Run

Seconds = tuple[float, float]
"""How long something takes, at least and at most."""
ADVICE: dict[type, str] = {
    BadInput: "advice_correct",
    RateLimited: "advice_wait",
    Unreachable: "advice_wait",
    TaskFailed: "advice_pay_again",
    OutcomeUnknown: "advice_look_first",
    DiskError: "advice_disk",
    UnusableResult: "advice_fetch",
}


def tell_start(run: Run, purchase: Purchase, expected: Seconds | None) -> None:
    """Say what is about to be paid, for the person and for the agent to pass on."""
    offer = purchase.offer
    facts = {
        "model": offer.product.name,
        "size": offer.size or "-",
        "ratio": offer.parameters.get("aspect_ratio", "-"),
        "count": offer.count,
        "points": f"{offer.points:g}",
        "least": f"{expected[0]:.0f}" if expected else "?",
        "most": f"{expected[1]:.0f}" if expected else "?",
    }
    run.result.extra["messages"]["start"] = run.catalogue.say("start_message", **facts)
    run.reporter.say("create_summary", **facts)
    run.reporter.tell("start_for_user", **facts)
    tell_notice(run, purchase)


def tell_notice(run: Run, purchase: Purchase) -> None:
    """Say what is less than the user asked for."""
    if purchase.notice:
        run.reporter.insist("notice_line", notice=purchase.notice)


def name_remembered(request: ImageRequest, offer: Offer, products: Sequence[Product], run: Run) -> None:
    """Say that the user's own model is used, and what it costs more than the default."""
    facts = {"model": offer.product.name, "points": f"{offer.points:g}"}
    try:
        default = resolve(choose(products, DEFAULT_MODEL, None), replace(request, model_id=DEFAULT_MODEL))
    except (BadInput, Refused):
        default = offer
    if offer.points <= default.points:
        run.reporter.say("remembered_model", **facts)
        return
    more = {"default": default.product.name, "default_points": f"{default.points:g}"}
    run.reporter.insist("remembered_dearer", **facts, **more)


def identify(run: Run, entry: Entry) -> None:
    """Let the result's own keys speak of the task that is in hand."""
    name, cost = entry.applied.get("model_name"), entry.cost or {}
    run.result.extra |= {"model_id": entry.model or None, "model_name": name, "credit": cost.get("amount")}


def tell_success(run: Run, entry: Entry, expected: Seconds | None) -> None:
    """Put the words for the user into the result; the link stays whole, it is the user's."""
    say, url = run.catalogue.say, run.result.extra["url"]
    message = say(
        "success_message",
        model=entry.applied.get("model_name") or entry.model or "-",
        expected=say("seconds_range", least=f"{expected[0]:.0f}", most=f"{expected[1]:.0f}") if expected else "-",
        actual=say("seconds_exact", seconds=f"{entry.seconds:.0f}") if entry.seconds else Said("seconds_unknown"),
        points=f"{entry.cost['amount']:g}" if entry.cost else "-",
        before=Said("paid_before") if run.result.reused else "",
    )
    run.result.extra["messages"]["success"] = f"{message}\n{say('original_link')}{url}"
    run.lines.append(run.result.extra["messages"]["success"])


def tell_failure(run: Run, error: SkillError) -> None:
    """Put the words for the user into the result; where only the waiting ended, nothing has failed."""
    if isinstance(error, NotFinished | Busy):
        return
    say = run.catalogue.say
    run.result.extra["messages"]["failure"] = say(
        _failure(run, error),
        saved=len(run.result.images),
        reason=say(error.code, **error.facts),
        advice=say(_advice(run, error), **error.facts),
    )


def _failure(run: Run, error: SkillError) -> str:
    """Return the message: what is at the service, or has come in part, has not failed."""
    if isinstance(error, OutcomeUnknown):
        return "unknown_message"
    if run.result.images:
        return "partial_message"
    return "unfinished_message" if run.result.status in ("submitted", "running") else "failure_message"


def _advice(run: Run, error: SkillError) -> str:
    """Return what the user can do, in plain words: hints that name flags and commands are for agents."""
    if run.catalogue.knows(f"{error.code}.advice"):
        return f"{error.code}.advice"
    if isinstance(error, UnusableResult) and error.remedy == "new":
        return "advice_pay_again"
    for kind in type(error).__mro__:
        if kind in ADVICE:
            return ADVICE[kind]
    return f"{error.code}.hint" if run.catalogue.knows(f"{error.code}.hint") else "fallback_advice"
