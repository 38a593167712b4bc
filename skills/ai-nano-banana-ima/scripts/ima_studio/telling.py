"""What is said about a task: before it is paid, and the words that an agent passes on to the user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ima_studio.offers import Offer, choose, resolve
from ima_studio.request import DEFAULT_MODEL
from shared.errors import BadInput, NotFinished, OutcomeUnknown, Refused, SkillError
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
    )
    run.result.extra["messages"]["success"] = f"{message}\n{say('original_link')}{url}"
    run.lines.append(run.result.extra["messages"]["success"])


def tell_failure(run: Run, error: SkillError) -> None:
    """Put the words for the user into the result; a task that goes on has not failed."""
    if isinstance(error, NotFinished):
        return
    catalogue = run.catalogue
    advice = next((code for code in (f"{error.code}.advice", f"{error.code}.hint") if catalogue.knows(code)), None)
    run.result.extra["messages"]["failure"] = catalogue.say(
        "unknown_message" if isinstance(error, OutcomeUnknown) else "failure_message",
        reason=catalogue.say(error.code, **error.facts),
        advice=catalogue.say(advice or "fallback_advice", **error.facts),
    )
