"""Match a request to one price rule of a product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ima_studio.products import Product, Rule, Virtual, alike, plain, spelled_size
from ima_studio.request import RESERVED, SIZES, ImageRequest
from shared.errors import BadInput, InvalidRequest
from shared.i18n.catalog import sanitize_line, short_repr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ima_studio.request import Scalar


@dataclass(frozen=True)
class Offer:
    """The parameters to send for a request, without prompt and inputs, and their price."""

    product: Product
    rule: Rule
    parameters: Mapping[str, Scalar]
    count: int

    @property
    def size(self) -> str | None:
        """The size as people write it, if the product has sizes."""
        return plain(self.parameters["size"]) if "size" in self.parameters else None

    @property
    def ratio(self) -> str:
        """The aspect ratio as text for a message, "-" if the product has none."""
        return sanitize_line(self.parameters.get("aspect_ratio", "-"), 20)

    @property
    def points(self) -> int | float:
        """The price of all images together."""
        return self.rule.points * self.count


def choose(products: Sequence[Product], model_id: str, version_id: str | None) -> Product:
    """Return the requested version of a model, else its newest product, which is the last one in the list.

    Raises:
        InvalidRequest: `model_not_offered`.
        BadInput: `version_not_offered`, names those that are.
    """
    versions = [product for product in products if product.model_id == model_id]
    if not versions:
        raise InvalidRequest("model_not_offered", model=model_id)
    named = [product for product in versions if version_id in (None, product.version_id)]
    if not named:
        known = ", ".join(dict.fromkeys(short_repr(product.version_id) for product in versions))
        raise BadInput("version_not_offered", flag="--version-id", got=short_repr(version_id), known=known)
    return named[-1]


def resolve(product: Product, request: ImageRequest, *, size: str | None = None, complete: bool = False) -> Offer:
    """Return the offer for a request; `size` replaces the requested one.

    With `complete`, the service has answered that an attribute is missing: the best matching rule is used, and its
    missing attributes are added.

    Raises:
        BadInput: a name or a value that the product does not offer.
        InvalidRequest: `no_rule`, `rule_unusable`; nothing was sent.
    """
    named = size or request.applied_size
    requested: dict[str, Scalar] = {"size": spelled_size(named)} if named else {}
    if request.aspect_ratio:
        requested["aspect_ratio"] = request.aspect_ratio
    chosen = _effective_choices(product, {**requested, **dict(request.extra)})
    _check_offered(product, chosen)
    parameters: dict[str, Scalar] = {**_defaults(product), **chosen, "n": request.count}
    rule = _best(product, parameters, chosen) if complete else _matching(product, parameters)
    if rule is None:
        raise InvalidRequest("no_rule", model=product.label)
    if rule.conflicts(chosen):  # the fallback, for values that are offered, but not together
        listed = ", ".join(f"{name} {short_repr(value)}" for name, value in chosen.items())
        raise BadInput("combination_not_offered", got=listed, model=product.label)
    if rule.attribute_id == 0:
        raise InvalidRequest("rule_unusable", model=product.label)
    names = {name.lower(): name for name in parameters}
    parameters |= {names.get(name.lower(), name): value for name, value in rule.attributes.items()}
    return Offer(product, rule, {**parameters, "n": request.count}, request.count)


def smaller(product: Product, request: ImageRequest, size: str | None) -> Offer | None:
    """Return the offer one size below, None if there is none."""
    if size not in SIZES:
        return None
    for lower in reversed(SIZES[: SIZES.index(size)]):
        try:
            return resolve(product, request, size=lower)
        except (BadInput, InvalidRequest):
            continue
    return None


def larger_at_same_price(offer: Offer) -> str | None:
    """Return the largest size that costs as much as the offered one, None if there is no larger one."""
    points = offer.product.points_by_size()
    if offer.size not in SIZES:
        return None
    larger = [size for size in SIZES[SIZES.index(offer.size) + 1 :] if points.get(size) == offer.rule.points]
    return larger[-1] if larger else None


def _defaults(product: Product) -> dict[str, Scalar]:
    """Return the default values of the form."""
    values = dict(product.defaults)
    for virtual in product.virtual:
        value = virtual.mapped(virtual.parts)
        value = virtual.value if value is None else value
        if value is not None:
            values[virtual.target] = value
    return values


def _effective_choices(product: Product, requested: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the user's parameters: a virtual field's target takes precedence over its parts if both are set."""
    parts = {part for virtual in product.virtual for part in virtual.parts}
    real = product.defaults.keys() | {virtual.target for virtual in product.virtual} | product.attribute_names()
    known = {"size", "aspect_ratio"} | (parts | real) - RESERVED
    for name in requested:
        if name not in known:
            listed = ", ".join(sorted(known - {"size"} | {"n"}))
            raise BadInput(
                "extra_params_unknown", flag="--extra-params", name=short_repr(name), known=sanitize_line(listed)
            )
    choices = {name: value for name, value in requested.items() if name not in parts or name in real}
    for virtual in product.virtual:
        touched = {name: requested[name] for name in virtual.parts if name in requested}
        if touched and virtual.target not in requested:
            choices[virtual.target] = _mapped(virtual, touched)
    return choices


def _mapped(virtual: Virtual, touched: Mapping[str, Scalar]) -> Scalar:
    value = virtual.mapped({**virtual.parts, **touched})
    if value is None:
        valid = "; ".join(
            f"{short_repr(part)}: {', '.join(map(short_repr, virtual.choices(part)))}" for part in touched
        )
        got = ", ".join(short_repr(choice) for choice in touched.values())
        flag = "--size" if "size" in touched else "--extra-params"
        raise BadInput("ui_value_invalid", flag=flag, got=got, valid=valid)
    return value


def _check_offered(product: Product, chosen: Mapping[str, Scalar]) -> None:
    """Refuse a value that no rule has for its attribute: a different image would be made and charged."""
    for name, value in chosen.items():
        priced = [
            (offered, rule.points)
            for rule in product.rules
            for attribute, offered in rule.attributes.items()
            if attribute.lower() == name.lower()
        ]
        if priced and not any(alike(value, offered) for offered, _ in priced):
            listed = sanitize_line(", ".join(f"{plain(offered)} ({points:g})" for offered, points in priced))
            flag = "--size" if name == "size" else "--extra-params"
            raise BadInput(
                "value_not_offered", flag=flag, got=short_repr(value), model=product.label, offered=listed
            )


def _matching(product: Product, parameters: Mapping[str, Scalar]) -> Rule | None:
    """Return the most specific rule that fits, else the fallback."""
    fitting = [rule for rule in product.rules if rule.attributes and rule.fits(parameters)]
    fallbacks = [rule for rule in product.rules if rule.fallback or not rule.attributes]
    return max(fitting, key=lambda rule: len(rule.attributes), default=next(iter(fallbacks), None))


def _best(product: Product, parameters: Mapping[str, Scalar], chosen: Mapping[str, Scalar]) -> Rule | None:
    """Return the best match that contradicts no choice of the user; of equal matches, the cheapest."""

    def distance(rule: Rule) -> tuple[int, bool, int, float]:
        return -rule.agreement(parameters), rule.conflicts(parameters), -len(rule.attributes), rule.points

    return min((rule for rule in product.rules if not rule.conflicts(chosen)), key=distance, default=None)
