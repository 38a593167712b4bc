"""IMA as a provider of the pipeline: the price, the uploads, the paid create, the polls and the images."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ima_studio import wire
from ima_studio.client import API
from ima_studio.pricing import Offer, choose, resolve
from ima_studio.products import plain
from ima_studio.request import FLASH, PRO, TOO_LARGE_SIZE
from ima_studio.submit import Purchase
from ima_studio.uploads import public_links
from ima_studio.user_messages import name_remembered, start_message, tell_price, with_message
from shared import queue_task
from shared.errors import BadInput, InvalidRequest, SkillError, UnusableResult
from shared.images.download import MAX_IMAGES
from shared.journal.entry import Entry, entry_of_request
from shared.journal.history import expected_range
from shared.queue_poller import PollPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ima_studio.client import Client
    from ima_studio.products import Product
    from ima_studio.request import ImageRequest
    from ima_studio.task_status import Media, Task
    from shared.images.download import Downloads
    from shared.journal.claim import Journal
    from shared.journal.submit import LockedTask
    from shared.output.outcome import Outcome
    from shared.provider import Context, Row

SHOWN_POINTS = "shown_points"
"""What the journal keeps of a request: its price when it was first shown, before any correction."""
POLITE_INTERVAL = 2.0  # seconds; the vendor's documents say 2 to 5
CAUTIOUS_INTERVAL = 5.0  # once the service is in trouble, and the longest one between polls that may show an end
USUAL_SECONDS = {FLASH: (20.0, 40.0), PRO: (60.0, 120.0)}  # as published for each model
REMIND_EVERY = {FLASH: 15.0, PRO: 30.0}  # seconds between two lines for the user
FINAL_REFUSALS = {"firewall_page": "firewall_page", "read_refused": "look_refused"}


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


@dataclass
class Provider:
    """One task at IMA; a task that is resumed has no order."""

    client: Client
    order: Order | None = None
    purchase: Purchase | None = None
    unpriced: SkillError | None = None
    """Why the order has no price: it can still find what was paid for the same request."""
    messages: dict[str, str] = field(default_factory=dict)
    """The messages for the user before the end: what to know before paying, and that it has begun."""

    @property
    def downloads(self) -> Downloads:
        """Fetches image links, without the key."""
        return self.client.downloads

    def polling(self, entry: Entry) -> PollPolicy:
        """Return how a task of this model is polled."""
        return PollPolicy(
            POLITE_INTERVAL,
            CAUTIOUS_INTERVAL,
            USUAL_SECONDS.get(entry.model, ()),
            REMIND_EVERY.get(entry.model, 30.0),
            announced_as="expected_seconds",
            final_refusals=FINAL_REFUSALS,
        )

    def prepare(self, task: LockedTask, context: Context) -> None:
        """Check the price against what was agreed to, and say what is about to be paid."""
        if self.purchase is None:
            task.finish("unreachable", error={"code": "not_offered"})
            raise self.unpriced or AssertionError("neither a price nor a reason")
        self.purchase.check_price()
        notice = tell_price(self.purchase, self._expected(task, context), context.ui.reporter)
        self.messages |= {"notice": notice} if notice else {}

    def submit(self, task: LockedTask, context: Context) -> None:
        """Upload the local images and send the create, corrected where the service asks for it."""
        order, purchase = self.order, self.purchase
        if order is None or purchase is None:
            raise ValueError("a task without a price is never submitted")
        expected = self._expected(task, context)
        purchase.send(task, public_links(order.request.inputs, self.client, context.deadline))
        self.messages["start"] = start_message(purchase, expected, context.ui.reporter)
        order.on_bought(purchase.offer)

    def poll(self, entry: Entry, seconds: float) -> Task:
        """Query the task once."""
        return replace(self.client.detail(str(entry.task_id), seconds), count=pictures_of(entry))

    def results(self, status: Task) -> Mapping[str, Any]:
        """Return the link of the first image, whole, and of its cover."""
        return _links_of(status.ready[0])

    def reused(self, rows: list[Row], entry: Entry, seconds: float) -> tuple[list[Row], Mapping[str, Any]]:
        """Return the images with fresh links if the service returns them; the journal keeps no signatures."""
        links: dict[str, Any] = {"url": rows[0]["url"], "cover_url": rows[0]["url"]}
        with contextlib.suppress(SkillError):
            ready = self.poll(entry, seconds).ready
            if len(ready) == len(rows):
                rows = [{**row, "url": media.link} for row, media in zip(rows, ready, strict=True)]
                links = _links_of(ready[0])
        return rows, links

    def missing(self, status: Task, saved: int, entry: Entry, _context: Context) -> UnusableResult | None:
        """Return the error for images that did not come; those without a link can be queried again."""
        count = max(pictures_of(entry), min(len(status.medias), MAX_IMAGES))
        if not saved:
            return UnusableResult("result_without_pictures", task_id=entry.task_id)
        return UnusableResult("pictures_missing", saved=saved, count=count) if saved < count else None

    def _expected(self, task: LockedTask, context: Context) -> tuple[float, float] | None:
        return expected_range(context.journal, task.entry, self.polling(task.entry).usual_seconds)


def create(
    order: Order, products: Sequence[Product], client: Client, context: Context, outcome: Outcome
) -> Outcome:
    """Make the images of a request, paying at most once and no more than was agreed to.

    Raises:
        SkillError: the request has no price, and was not paid before either.
    """
    provider = Provider(client, order)
    try:
        provider.purchase = price(order, products, client, context)
        outcome = provider.purchase.describe(outcome)
    except SkillError as error:
        provider.unpriced = error
    draft = new_entry(order, provider.purchase, context.output_dir)
    if provider.unpriced and not context.journal.has_paid(draft.fingerprint):
        raise provider.unpriced
    if provider.purchase and order.max_points is None:
        shown = _shown_points(draft, context.journal)
        provider.purchase.max_points = min([provider.purchase.max_points, *shown])
    outcome = queue_task.create(draft, provider, context, outcome)
    for name, message in provider.messages.items():
        outcome = with_message(outcome, name, message)
    return outcome


def price(order: Order, products: Sequence[Product], client: Client, context: Context) -> Purchase:
    """Return the create of a request, with its price.

    Raises:
        BadInput, InvalidRequest: the products do not offer what was requested.
    """
    request, reporter = order.request, context.ui.reporter
    product = choose(products, request.model_id, request.version_id)
    try:
        offer = resolve(product, request)
    except (BadInput, InvalidRequest):
        if not request.own_ratio:
            raise
        request = replace(request, aspect_ratio=None)  # it was not requested, so its absence is not an error
        offer = resolve(product, request)
    if order.remembered:
        name_remembered(request, offer, products, reporter)
    notice = reporter.catalog.format("size_8k") if request.size == TOO_LARGE_SIZE else None
    ceiling = offer.points if order.max_points is None else order.max_points
    return Purchase(request, offer, client, context, order.allow_downgrade, ceiling, notice)


def new_entry(order: Order, purchase: Purchase | None, folder: Path) -> Entry:
    """Return the journal entry of a request, without its prompt and key; it may have no price (yet).

    Its fingerprint covers the user's request and nothing of the service's product list: the list may change
    between a kill and the next run, and the same request must find the paid task.
    """
    request = order.request
    parameters: dict[str, Any] = {name: plain(value) for name, value in request.extra}
    parameters |= {"size": request.applied_size, "aspect_ratio": request.aspect_ratio, "n": request.count}
    parameters["version_id"] = request.version_id
    return entry_of_request(
        skill="ai-nano-banana-ima",
        provider="ima",
        base_url=API,
        account=order.account,
        mode=request.task_type,
        model=request.model_id,
        prompt=request.prompt,
        parameters=parameters,
        references=[image if isinstance(image, str) else image.sha256 for image in request.inputs],
        variant=order.variant,
        requested=purchase.requested() if purchase else {},
        applied=purchase.applied() if purchase else {},
        cost=wire.quote(purchase.offer) if purchase else None,
        output_dir=str(folder),
        extra={SHOWN_POINTS: purchase.offer.points} if purchase else {},
    )


def pictures_of(entry: Entry) -> int:
    """Return how many images the task was created for; 1 for an imported task, whose number is unknown."""
    count = entry.applied.get("n", 1)
    return count if isinstance(count, int) else 1


def _shown_points(draft: Entry, journal: Journal) -> list[float]:
    """Return the prices shown for a request since it was last paid: the user agreed to no more."""
    shown = (entry.extra.get(SHOWN_POINTS) for entry in journal.unpaid(draft.fingerprint))
    return [points for points in shown if isinstance(points, int | float)]


def _links_of(media: Media) -> dict[str, Any]:
    return {"url": media.link, "cover_url": media.cover or media.link}
