"""Submit IMA's paid create; correct and resend it after the four refusals that cost nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from ima_studio import wire
from ima_studio.client import read_list
from ima_studio.pricing import Offer, choose, resolve, smaller
from shared.errors import InvalidRequest
from shared.i18n.catalog import sanitize_line
from shared.pipeline import submit

if TYPE_CHECKING:
    from ima_studio.client import Client
    from ima_studio.request import ImageRequest
    from ima_studio.wire import Created
    from shared.journal.submit import LockedTask
    from shared.output.outcome import Outcome
    from shared.provider import Context

MAX_CREATES = 3
RESOLVED_AGAIN = {wire.PRICE_CHANGED: 1, wire.ATTRIBUTE_MISSING: 2, wire.ATTRIBUTE_WRONG: 2}
"""Refusals after which the product list is read again, and how often for each."""


@dataclass
class Purchase:
    """A create and its corrections; `offer` was sent last, and `notice` names a reduced size.

    Without `allow_downgrade` a smaller size is only proposed. Nothing is sent that costs more than `max_points`
    for all images together: the shown price, or the one that the user agreed to.
    """

    request: ImageRequest
    offer: Offer
    client: Client
    context: Context
    allow_downgrade: bool
    max_points: float
    notice: str | None = None

    def send(self, task: LockedTask, links: tuple[str, ...]) -> None:
        """Send the create, at most three times.

        Raises:
            InvalidRequest: `too_complex` with the smaller size as the next command, or the last refusal.
            SkillError: as for `submit_once`; only the four refusals are followed by another create.
        """
        refusals: list[int] = []
        while True:
            last = len(refusals) == MAX_CREATES - 1
            try:
                submit(task, partial(self._create, self.offer, links), self.context, last=last)
            except InvalidRequest as refusal:
                refusals.append(int(refusal.provider_code or 0))
                self.offer = self._corrected(refusal, refusals, last=last)
            else:
                return
            task.save(applied=self.applied(), cost=wire.quote(self.offer), error=None)

    def check_price(self, offer: Offer | None = None, **more: str) -> None:
        """Refuse an offer (default: the current one) that costs more than the user has agreed to.

        `more` are options that the next command needs besides the price.

        Raises:
            InvalidRequest: `price_above_limit`; the next command names the new price; nothing was sent.
        """
        points = (offer or self.offer).points
        if points <= self.max_points:
            return
        shown = price_text(points)
        raise InvalidRequest(
            "price_above_limit",
            remedy="instead",
            instead={**more, "--max-points": shown},
            points=shown,
            limit=price_text(self.max_points),
        )

    def describe(self, outcome: Outcome) -> Outcome:
        """Return an outcome with what is going to be bought, and its price."""
        offer = self.offer
        return replace(
            outcome,
            requested=self.requested(),
            applied=self.applied(),
            cost=wire.quote(offer),
            extra={**outcome.extra, "model_name": offer.product.name, "credit": offer.points},
        )

    def requested(self) -> dict[str, Any]:
        """Return the requested parameters, defaults included."""
        request, offer = self.request, self.offer
        return {
            "size": request.size or offer.size,
            "aspect_ratio": request.aspect_ratio or offer.parameters.get("aspect_ratio"),
            "n": request.count,
            **dict(request.extra),
        }

    def applied(self) -> dict[str, Any]:
        """Return the parameters that are sent, as the result's `applied`."""
        product = self.offer.product
        more = {"model_name": product.name, "model_version": product.version_id}
        return {**self.offer.parameters, **more, **({"notice": self.notice} if self.notice else {})}

    def _create(self, offer: Offer, links: tuple[str, ...]) -> Created:
        request = self.request
        return self.client.create(request.task_type, request.prompt, offer, links)

    def _corrected(self, refusal: InvalidRequest, refusals: list[int], *, last: bool) -> Offer:
        """Return the offer to send next; raise the refusal if there is none."""
        code = refusals[-1]
        if code == wire.TOO_COMPLEX:
            return self._smaller(refusal, last=last)
        if last or refusals.count(code) > RESOLVED_AGAIN.get(code, 0):
            raise refusal
        products = read_list(self.client, self.request.task_type, self.context.deadline)
        product = choose(products, self.request.model_id, self.request.version_id)
        complete = code == wire.ATTRIBUTE_MISSING
        offer = resolve(product, self.request, size=self.offer.size if self.notice else None, complete=complete)
        self.check_price(offer)
        self._tell("corrected", offer, code_=code)
        return offer

    def _smaller(self, refusal: InvalidRequest, *, last: bool) -> Offer:
        lower = smaller(self.offer.product, self.request, self.offer.size)
        if lower is None or lower.size is None:
            raise refusal
        if last or not self.allow_downgrade:
            refusal.code, refusal.remedy = "too_complex_smaller", "instead"
            points = price_text(lower.points)
            instead = {"--size": lower.size, "--max-points": points}
            refusal.facts |= {"instead": instead, "size": lower.size, "points": points}
            raise refusal
        self.check_price(lower, **{"--size": lower.size})
        facts = {"asked": sanitize_line(self.offer.size, 20), "size": lower.size}
        self.notice = self.context.ui.reporter.catalog.format("downgraded", **facts)
        self._tell("downgraded", lower, **facts)
        return lower

    def _tell(self, message: str, offer: Offer, **facts: object) -> None:
        """Report what is sent next, and its price if that changed."""
        reporter = self.context.ui.reporter
        reporter.always(message, **facts)
        if offer.points != self.offer.points:
            before, points = price_text(self.offer.points), price_text(offer.points)
            reporter.always("price_now", before=before, points=points)


def price_text(points: float) -> str:
    """Return a number of points exactly, as --max-points takes it."""
    return str(int(points)) if points == int(points) else format(Decimal(repr(points)), "f")
