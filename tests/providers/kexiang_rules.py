"""What kexiangai.com's requests must look like (wire/kexiang.md), checked to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from tests.providers.request import Request

SIZES = frozenset(
    {"auto", "1:1", "3:2", "2:3", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21", "1:3", "3:1", "2:1", "1:2"}
)
OTHER_MODELS = frozenset(
    {"GPT-Image-2.5-Sunburst", "GPT-Image-2.5-Flare", "GPT-Image-2-Official", "gemini-3.1-flash-image",
     "gemini-3-pro-image"}
)  # fmt: skip
"""As a public client of the service sends them: other links, no constants."""
_OPTIONAL = {"resolution": ("1k", "2k", "4k"), "quality": ("low", "medium", "high")}
_CONSTANTS = {"cost_type": 1, "business_url": "gpt-image2/img"}


class ComplaintError(Exception):
    """A request breaks the wire facts; the message names the field."""


def refuse(message: str) -> NoReturn:
    """Complain about the request."""
    raise ComplaintError(message)


def check_create(request: Request) -> dict[str, Any]:
    """Return the body of a create; raises ComplaintError."""
    if request.method != "POST" or request.query:
        refuse(f"create: {request.method} {request.target}")
    try:
        document = request.json_object()
    except (ValueError, RecursionError) as error:
        refuse(f"create: {error}")
    user_input = document.get("user_input")
    other = isinstance(user_input, dict) and user_input.get("modelName") in OTHER_MODELS
    constants = {} if other else _CONSTANTS
    _check_names("the body", document, {*constants, "user_input"})
    for name, constant in constants.items():
        if type(document[name]) is not type(constant) or document[name] != constant:
            refuse(f"{name}: {document[name]!r} instead of {constant!r}")
    _check_user_input(user_input, "image_urls" if other else "urls")
    return document


def check_query(request: Request) -> None:
    """Check a query of a task's state; raises ComplaintError."""
    if request.method != "GET" or request.query or request.body:
        refuse(f"query: {request.method} {request.target} with {len(request.body)} bytes of body")


def check_download(request: Request) -> None:
    """Check that an image is fetched without anyone's credentials; raises ComplaintError."""
    if request.method != "GET":
        refuse(f"picture: {request.method}")
    for name in ("x-api-key", "authorization", "cookie"):
        if name in request.headers:
            refuse(f"picture: the request carries {name}")


def _check_names(place: str, document: dict[str, Any], names: set[str]) -> None:
    if document.keys() != names:
        refuse(f"{place}: has {sorted(document)} instead of {sorted(names)}")


def _check_urls(urls: Any) -> None:
    if not isinstance(urls, list) or not 1 <= len(urls) <= 8:
        refuse("urls: no list of 1 to 8")
    for url in urls:
        if not isinstance(url, str) or not url.startswith("https://") or not urlsplit(url).hostname:
            refuse(f"urls: {url!r} is no https URL")


def _check_user_input(user_input: Any, links: str) -> None:
    if not isinstance(user_input, dict):
        refuse("user_input: no object")
    model_type = user_input.get("modelType")
    if model_type not in ("text2img", "img2img"):  # a tuple: what came may not be hashable
        refuse(f"modelType: {model_type!r}")
    with_urls = {links} if model_type == "img2img" else set()
    optional = _OPTIONAL.keys() & user_input.keys()
    _check_names("user_input", user_input, {"modelName", "modelType", "prompt", "size"} | with_urls | optional)
    for name in optional:
        if user_input[name] not in _OPTIONAL[name]:
            refuse(f"{name}: {user_input[name]!r}")
    for name in ("modelName", "prompt"):
        if not isinstance(user_input[name], str) or not user_input[name].strip():
            refuse(f"{name}: {user_input[name]!r}")
    if not isinstance(user_input["size"], str) or user_input["size"] not in SIZES:
        refuse(f"size: {user_input['size']!r}")
    if with_urls:
        _check_urls(user_input[links])
