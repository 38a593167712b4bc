"""Create a task: get its price, look up the journal, upload, spend once, wait, save the images."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from ima_studio.user_messages import name_remembered, tell_price, tell_start
from shared.errors import BadInput, InvalidRequest, SkillError
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
    """A request, its account, and what the user has agreed to."""

    request: ImageRequest
    account: str
    variant: str
    allow_downgrade: bool
    remembered: bool
    """The model is the one that the user chose earlier and did not name this time."""
    on_bought: Callable[[Offer], None]
    """Called with the offer that the service has accepted."""
    max_points: float | None = None
    """The maximum price of all images together; None: the price that was shown, first or now."""


def price(order: Order, products: Sequence[Product], client: Client, task_context: TaskContext) -> Purchase:
    """Return the create of a request, with its price.

    Raises:
        BadInput, InvalidRequest: the products do not offer what was requested.
    """
    request = order.request
    product = choose(products, request.model_id, request.version_id)
    try:
        offer = resolve(product, request)
    except (BadInput, InvalidRequest):
        if not request.own_ratio:
            raise
        request = replace(request, aspect_ratio=None)  # nobody asked for it, so its absence is no error
        offer = resolve(product, request)
    if order.remembered:
        name_remembered(request, offer, products, task_context.context)
    notice = task_context.context.catalog.format("size_8k") if request.size == TOO_LARGE_SIZE else None
    ceiling = offer.points if order.max_points is None else order.max_points
    purchase = Purchase(request, offer, client, task_context, order.allow_downgrade, ceiling, notice)
    result = task_context.context.result
    result.requested, result.applied = _requested(purchase), purchase.applied()
    result.cost = wire.quote(offer)
    result.extra |= {"model_name": offer.product.name, "credit": offer.points}
    return purchase


def new_entry(order: Order, purchase: Purchase | None, folder: Path) -> Entry:
    """Return the journal entry of a request, without its prompt and key; it may have no price (yet).

    Its fingerprint covers the user's request and nothing of the service's product list: the list may change
    between a kill and the next run, and the same request must find the paid task.
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
            references=[image if isinstance(image, str) else image.sha256 for image in request.inputs],
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
    order: Order, products: Sequence[Product], *, client: Client, journal: Journal, task_context: TaskContext
) -> None:
    """Make the images of a request, paying at most once; the outcome is in the context's result.

    Raises:
        SkillError: any outcome but success, see docs/contract.md.
    """
    context = task_context.context
    unpriced: SkillError | None = None
    purchase: Purchase | None = None
    try:
        purchase = price(order, products, client, task_context)
    except SkillError as error:
        unpriced = error
    draft = new_entry(order, purchase, task_context.output_dir)
    if unpriced and not journal.has_paid(draft.fingerprint):
        raise unpriced

    if purchase and order.max_points is None:
        purchase.max_points = min([purchase.max_points, *_shown_points(draft, journal)])
    with (
        journal.claim(draft, task_context.lock_wait, new=task_context.new) as claim,
        task_context.reporting(claim),
    ):
        if claim.action == "create":
            if purchase is None:
                claim.task.finish("unreachable", error={"code": "not_offered"})
                raise unpriced or AssertionError("neither a price nor a reason")
            purchase.check_price()
            expected = expected_range(draft, journal)
            tell_price(context, purchase, expected)
            context.confirm_spend()
            links = public_links(order.request.inputs, client, task_context.deadline)
            purchase.send(claim.task, links, lambda created: _accepted(created, claim.task.entry, context))
            tell_start(context, purchase, expected)
            order.on_bought(purchase.offer)
        elif claim.action == "attach":
            _say_resumed(claim, context)
        finish(claim, client, journal, task_context)


def resume(
    identifier: str, imported: Entry, *, client: Client, journal: Journal, task_context: TaskContext
) -> None:
    """Resume a task by its local or service id; sends nothing that costs.

    Raises:
        SkillError: any outcome but success, see docs/contract.md.
    """
    with journal.resume(identifier, imported, task_context.lock_wait) as claim, task_context.reporting(claim):
        _say_resumed(claim, task_context.context)
        finish(claim, client, journal, task_context)


def _shown_points(draft: Entry, journal: Journal) -> list[float]:
    """Return the prices shown for a request since it was last paid: the user agreed to no more."""
    shown = (entry.extra.get(SHOWN_POINTS) for entry in journal.unpaid(draft.fingerprint))
    return [points for points in shown if isinstance(points, int | float)]


def _say_resumed(claim: TaskLease, context: CommandContext) -> None:
    entry = claim.task.entry
    context.reporter.always("resumed", local_id=entry.local_id, task_id=entry.task_id)


def _requested(purchase: Purchase) -> dict[str, Any]:
    """Return the requested parameters, defaults included."""
    request, offer = purchase.request, purchase.offer
    return {
        "size": request.size or offer.size,
        "aspect_ratio": request.aspect_ratio or offer.parameters.get("aspect_ratio"),
        "n": request.count,
        **dict(request.extra),
    }


def _accepted(created: Created, entry: Entry, context: CommandContext) -> None:
    """Print both ids on stderr immediately, whatever happens next."""
    context.result.task_id = created.task_id
    context.reporter.always("task_accepted", local_id=entry.local_id, task_id=created.task_id)
