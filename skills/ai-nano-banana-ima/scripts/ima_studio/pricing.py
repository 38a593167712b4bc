"""From a request to one rule of a product, and so to its price."""

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
    """What will be asked of the service for a request, and its price; `parameters` lack prompt and inputs."""

    product: Product
    rule: Rule
    parameters: Mapping[str, Scalar]
    count: int

    @property
    def size(self) -> str | None:
        """The size as people write it, when the product knows sizes."""
        return plain(self.parameters["size"]) if "size" in self.parameters else None

    @property
    def ratio(self) -> str:
        """The aspect ratio as it may stand in a sentence, "-" when the product knows none."""
        return sanitize_line(self.parameters.get("aspect_ratio", "-"), 20)

    @property
    def points(self) -> int | float:
        """The price of all pictures together."""
        return self.rule.points * self.count


def choose(products: Sequence[Product], model_id: str, version_id: str | None) -> Product:
    """Return the newest product of a model, which is the last one in the list, or the version that was named.

    Raises:
        InvalidRequest: `model_not_offered`.
        BadInput: `version_not_offered`, naming those that are.
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
    """Return the offer for a request; `size` takes the place of the one it names.

    With `complete`, the service has answered that an attribute is missing: the rule that agrees best with the
    request is taken, and its missing attributes are added.

    Raises:
        BadInput: a name or a value that the product does not offer.
        InvalidRequest: `no_rule`, `rule_unusable`; nothing was sent.
    """
    named = size or request.applied_size
    given: dict[str, Scalar] = {"size": spelled_size(named)} if named else {}
    if request.aspect_ratio:
        given["aspect_ratio"] = request.aspect_ratio
    chosen = _effective_choices(product, {**given, **dict(request.extra)})
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
    """Return the offer one size below, None when there is none."""
    if size not in SIZES:
        return None
    for lower in reversed(SIZES[: SIZES.index(size)]):
        try:
            return resolve(product, request, size=lower)
        except (BadInput, InvalidRequest):
            continue
    return None


def _defaults(product: Product) -> dict[str, Scalar]:
    """Return what the form says before the user touches it."""
    found = dict(product.defaults)
    for virtual in product.virtual:
        value = virtual.mapped(virtual.parts)
        value = virtual.value if value is None else value
        if value is not None:
            found[virtual.target] = value
    return found


def _effective_choices(product: Product, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the user's parameters: parts of virtual fields give way to their target, where that is given too."""
    parts = {part for virtual in product.virtual for part in virtual.parts}
    real = product.defaults.keys() | {virtual.target for virtual in product.virtual} | product.attribute_names()
    known = {"size", "aspect_ratio"} | (parts | real) - RESERVED
    for name in given:
        if name not in known:
            listed = ", ".join(sorted(known - {"size"} | {"n"}))
            raise BadInput(
                "extra_params_unknown", flag="--extra-params", name=short_repr(name), known=sanitize_line(listed)
            )
    found = {name: value for name, value in given.items() if name not in parts or name in real}
    for virtual in product.virtual:
        touched = {name: given[name] for name in virtual.parts if name in given}
        if touched and virtual.target not in given:
            found[virtual.target] = _mapped(virtual, touched)
    return found


def _mapped(virtual: Virtual, touched: Mapping[str, Scalar]) -> Scalar:
    value = virtual.mapped({**virtual.parts, **touched})
    if value is None:
        valid = "; ".join(
            f"{short_repr(part)}: {', '.join(map(short_repr, virtual.choices(part)))}" for part in touched
        )
        got = ", ".join(short_repr(one) for one in touched.values())
        flag = "--size" if "size" in touched else "--extra-params"
        raise BadInput("ui_value_invalid", flag=flag, got=got, valid=valid)
    return value


def _check_offered(product: Product, chosen: Mapping[str, Scalar]) -> None:
    """Refuse a value that no rule has for an attribute that rules have: another would be made and paid."""
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
    """Return the rule that agrees most and contradicts no choice of the user; of equals the cheapest."""

    def distance(rule: Rule) -> tuple[int, bool, int, float]:
        return -rule.agreement(parameters), rule.conflicts(parameters), -len(rule.attributes), rule.points

    return min((rule for rule in product.rules if not rule.conflicts(chosen)), key=distance, default=None)
