"""The use case: price it, look up the journal, upload, spend once, wait, save the pictures, tell the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ima_studio import wire
from ima_studio.client import API
from ima_studio.polling import expected_range
from ima_studio.pricing import Offer, choose, resolve
from ima_studio.products import plain
from ima_studio.request import TOO_LARGE_SIZE
from ima_studio.results import finish
from ima_studio.submit import Purchase
from ima_studio.uploads import public_links
from ima_studio.user_messages import name_remembered, tell_start
from shared.errors import SkillError
from shared.journal.entry import Entry, fingerprint, prompt_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ima_studio.client import Client
    from ima_studio.products import Product
    from ima_studio.request import ImageRequest
    from ima_studio.wire import Created
    from shared.cli.context import CommandContext
    from shared.cli.task_context import TaskContext
    from shared.journal.claim import Journal, TaskLease

SHOWN_POINTS = "shown_points"
"""What the journal keeps of a request: its price when it was first short_repr, before any correction."""


@dataclass(frozen=True)
class Order:
    """A request, for which account, and what may be done without asking again."""

    request: ImageRequest
    account: str
    variant: str
    allow_downgrade: bool
    remembered: bool
    """The model is the one that the user chose before, and did not name this time."""
    on_bought: Callable[[Offer], None]
    """Hears what the service has accepted."""
    max_points: float | None = None
    """The most that may be paid for all images together; None: the price that was short_repr, first or now."""


def price(order: Order, products: Sequence[Product], client: Client, errand: TaskContext) -> Purchase:
    """Return a request in the service's words, with its price.

    Raises:
        BadInput, InvalidRequest: the products do not offer what is asked for.
    """
    request = order.request
    offer = resolve(choose(products, request.model_id, request.version_id), request)
    if order.remembered:
        name_remembered(request, offer, products, errand.context)
    notice = errand.context.catalog.format("size_8k") if request.size == TOO_LARGE_SIZE else None
    ceiling = offer.points if order.max_points is None else order.max_points
    purchase = Purchase(request, offer, client, errand, order.allow_downgrade, ceiling, notice)
    result = errand.context.result
    result.requested, result.applied = _requested(purchase), purchase.applied()
    result.cost = wire.quote(offer)
    result.extra |= {"model_name": offer.product.name, "credit": offer.points}
    return purchase


def new_entry(order: Order, purchase: Purchase | None, folder: Path) -> Entry:
    """Return the journal's description of a request, without its prompt and key; it may have no price (yet).

    Its fingerprint holds what the user asked for and nothing that the service's product list says: the list may
    change between a kill and the next run, and the same words must find the task that was paid.
    """
    request = order.request
    parameters: dict[str, Any] = {name: plain(value) for name, value in request.extra}
    parameters |= {"size": request.applied_size, "aspect_ratio": request.aspect_ratio, "n": request.count}
    parameters["version_id"] = request.version_id
    return Entry(
        fingerprint=fingerprint(
            skill="ai-nano-banana-ima",
            base_url=API,
            account=order.account,
            mode=request.task_type,
            model=request.model_id,
            prompt=request.prompt,
            parameters=parameters,
            references=[one if isinstance(one, str) else one.sha256 for one in request.inputs],
            variant=order.variant,
        ),
        skill="ai-nano-banana-ima",
        provider="ima",
        mode=request.task_type,
        model=request.model_id,
        base_url=API,
        account=order.account,
        variant=order.variant,
        prompt=prompt_record(request.prompt),
        requested=_requested(purchase) if purchase else {},
        applied=purchase.applied() if purchase else {},
        cost=wire.quote(purchase.offer) if purchase else None,
        output_dir=str(folder),
        extra={SHOWN_POINTS: purchase.offer.points} if purchase else {},
    )


def generate(
    order: Order, products: Sequence[Product], *, client: Client, journal: Journal, errand: TaskContext
) -> None:
    """Make the pictures of a request, paying for them at most once; the run's result tells what came of it.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    run = errand.context
    unpriced: SkillError | None = None
    purchase: Purchase | None = None
    try:
        purchase = price(order, products, client, errand)
    except SkillError as error:
        unpriced = error
    draft = new_entry(order, purchase, errand.output_dir)
    if unpriced and not journal.has_paid(draft.fingerprint):
        raise unpriced

    if purchase and order.max_points is None:
        purchase.max_points = min([purchase.max_points, *_shown_points(draft, journal)])
    with journal.claim(draft, errand.lock_wait, new=errand.new) as claim, errand.reporting(claim):
        if claim.action == "create":
            if purchase is None:
                claim.task.finish("unreachable", error={"code": "not_offered"})
                raise unpriced or AssertionError("neither a price nor a reason")
            purchase.check_price()
            tell_start(run, purchase, expected_range(draft, journal))
            run.confirm_spend()
            links = public_links(order.request.inputs, client, errand.deadline)
            purchase.send(claim.task, links, lambda created: _accepted(created, claim.task.entry, run))
            order.on_bought(purchase.offer)
        elif claim.action == "attach":
            _say_resumed(claim, run)
        finish(claim, client, journal, errand)


def resume(identifier: str, imported: Entry, *, client: Client, journal: Journal, errand: TaskContext) -> None:
    """Go on with a task by its local or service id; sends nothing that costs.

    Raises:
        SkillError: any end but success, see docs/contract.md.
    """
    with journal.resume(identifier, imported, errand.lock_wait) as claim, errand.reporting(claim):
        _say_resumed(claim, errand.context)
        finish(claim, client, journal, errand)


def _shown_points(draft: Entry, journal: Journal) -> list[float]:
    """Return the prices that were short_repr for a request since it was last paid for: nobody agreed to more."""
    short_repr = (entry.extra.get(SHOWN_POINTS) for entry in journal.unpaid(draft.fingerprint))
    return [points for points in short_repr if isinstance(points, int | float)]


def _say_resumed(claim: TaskLease, run: CommandContext) -> None:
    entry = claim.task.entry
    run.reporter.always("resumed", local_id=entry.local_id, task_id=entry.task_id)


def _requested(purchase: Purchase) -> dict[str, Any]:
    """Return what was asked for, defaults included."""
    request, offer = purchase.request, purchase.offer
    return {
        "size": request.size or offer.size,
        "aspect_ratio": request.aspect_ratio or offer.parameters.get("aspect_ratio"),
        "n": request.count,
        **dict(request.extra),
    }


def _accepted(created: Created, entry: Entry, run: CommandContext) -> None:
    """Put both ids on stderr, whatever happens next."""
    run.result.task_id = created.task_id
    run.reporter.always("task_accepted", local_id=entry.local_id, task_id=created.task_id)
