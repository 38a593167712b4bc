"""What requests to IMA's hosts must look like (references/api-guide.md of the skill), checked to the letter."""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.providers.ima_products import leaves
from tests.providers.kexiang_rules import ComplaintError, refuse

if TYPE_CHECKING:
    from tests.providers.request import Request

__all__ = ["ComplaintError", "refuse"]

TASK_TYPES = ("text_to_image", "image_to_image")
UPLOAD_APP, UPLOAD_APP_WORD = "webAgent", "32jdskjdk320eew"
PRIVATE_HEADERS = ("authorization", "x-app-source", "x_app_language", "cookie")


def check_headers(request: Request) -> None:
    """Check what every request to the main API carries, besides its key."""
    wanted = {"content-type": "application/json", "x-app-source": "ima_skills"}
    for name, value in wanted.items():
        if request.headers.get(name) != value:
            refuse(f"{name}: {request.headers.get(name)!r} instead of {value!r}")
    if request.headers.get("x_app_language") not in ("en", "zh"):
        refuse(f"x_app_language: {request.headers.get('x_app_language')!r}")
    if not re.search(r"ai-nano-banana-ima/\d+\.\d+\.\d+", request.headers.get("user-agent", "")):
        refuse(f"user-agent: {request.headers.get('user-agent')!r}")


def check_list(request: Request) -> str:
    """Return the category of a product list."""
    category = request.query.get("category", [""])[0]
    expected = {"app": ["ima"], "platform": ["web"], "category": [category]}
    if request.method != "GET" or request.query != expected or category not in TASK_TYPES or request.body:
        refuse(f"list: {request.method} {request.target}")
    return category


def check_create(request: Request) -> dict[str, Any]:
    """Return the body of a create whose shape is right."""
    document = _post(request, "create")
    _names("the body", document, "task_type enable_multi_model src_img_url parameters")
    task_type = document["task_type"]
    if task_type not in TASK_TYPES or document["enable_multi_model"] is not False:
        refuse(f"task_type or enable_multi_model: {document!r}")
    if not isinstance(document["parameters"], list) or len(document["parameters"]) != 1:
        refuse("parameters: no list of one")
    outer = document["parameters"][0]
    _names(
        "parameters[0]",
        outer,
        "attribute_id model_id model_name model_version app platform category credit parameters",
    )
    for name, value in {"app": "ima", "platform": "web", "category": task_type}.items():
        if outer[name] != value:
            refuse(f"{name}: {outer[name]!r}")
    _check_inner(outer, document)
    return document


def _check_inner(outer: dict[str, Any], document: dict[str, Any]) -> None:
    inner = outer["parameters"]
    if not isinstance(inner, dict) or not {"prompt", "n", "input_images", "cast"} <= inner.keys():
        refuse("parameters[0].parameters: lacks prompt, n, input_images or cast")
    if not isinstance(inner["prompt"], str) or not inner["prompt"].strip():
        refuse(f"prompt: {inner['prompt']!r}")
    if type(inner["n"]) is not int or inner["n"] < 1:
        refuse(f"n: {inner['n']!r}")
    if inner["cast"] != {"points": outer["credit"], "attribute_id": outer["attribute_id"]}:
        refuse(f"cast: {inner['cast']!r}")
    links = inner["input_images"]
    if links != document["src_img_url"] or not isinstance(links, list):
        refuse("input_images and src_img_url differ")
    if bool(links) is not (document["task_type"] == "image_to_image"):
        refuse(f"{len(links)} input images for {document['task_type']}")
    for link in links:
        if not isinstance(link, str) or not link.startswith("https://") or not urlsplit(link).hostname:
            refuse(f"input_images: {link!r}")


def judge(document: dict[str, Any], tree: list[dict[str, Any]]) -> tuple[int, str] | None:
    """Return the business code with which the service refuses a create, None if it accepts it."""
    outer = document["parameters"][0]
    identity = (outer["model_id"], outer["model_version"], outer["model_name"])
    products = [one for one in leaves(tree) if (one["model_id"], one["id"], one["name"]) == identity]
    if not products:
        refuse(f"model: no product {identity}")
    rules = [rule for rule in products[-1]["credit_rules"] if rule["attribute_id"] == outer["attribute_id"]]
    if not rules:
        return 6010, "Invalid product attribute"
    rule = rules[0]
    if outer["credit"] != rule["points"]:
        return 6006, "credit does not match"
    for name, value in rule["attributes"].items():
        if name == "default":
            continue
        if name not in outer["parameters"]:
            return 6009, "No product rule matched"
        if outer["parameters"][name] != value:
            return 6010, "Invalid product attribute"
    return None


def check_detail(request: Request) -> str:
    """Return the task id of a detail."""
    document = _post(request, "detail")
    _names("the body", document, "task_id")
    if not isinstance(document["task_id"], str):
        refuse(f"task_id: {document['task_id']!r}")
    return str(document["task_id"])


def check_token(request: Request, used: set[str]) -> dict[str, str]:
    """Return the form that asks for a place to upload to; `used` are the nonces so far."""
    if request.method != "POST" or request.query:
        refuse(f"token: {request.method} {request.target}")
    if request.headers.get("content-type") != "application/x-www-form-urlencoded":
        refuse(f"token: {request.headers.get('content-type')}")
    pairs = parse_qs(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    form = {name: values[0] for name, values in pairs.items() if len(values) == 1}
    _names(
        "the form",
        form,
        "appUid cmimToken appId appKey sign timestamp nonce fService fType fSuffix fContentType",
    )
    fixed = {"appId": UPLOAD_APP, "appKey": UPLOAD_APP_WORD, "fService": "privite", "fType": "picture"}
    for name, value in fixed.items():
        if form[name] != value:
            refuse(f"{name}: {form[name]!r}")
    if form["appUid"] != form["cmimToken"] or form["fContentType"] != f"image/{form['fSuffix']}":
        refuse(f"token: {form['fContentType']}, .{form['fSuffix']}, or two keys")
    _check_sign(form, used)
    return form


def _check_sign(form: dict[str, str], used: set[str]) -> None:
    text = f"{UPLOAD_APP}|{UPLOAD_APP_WORD}|{form['timestamp']}|{form['nonce']}"
    if form["sign"] != hashlib.sha1(text.encode()).hexdigest().upper():  # noqa: S324  - the vendor's scheme
        refuse(f"sign: {form['sign']}")
    if not re.fullmatch("[0-9a-f]{21}", form["nonce"]) or form["nonce"] in used:
        refuse(f"nonce: {form['nonce']}")
    if abs(int(form["timestamp"]) - time.time()) > 300:
        refuse(f"timestamp: {form['timestamp']}")
    used.add(form["nonce"])


def check_foreign(request: Request, method: str, secret: str) -> None:
    """Check that a request to a bucket or an image host carries no credentials or headers of the API."""
    if request.method != method:
        refuse(f"{request.host}: {request.method}")
    for name in PRIVATE_HEADERS:
        if name in request.headers:
            refuse(f"{request.host}: the request carries {name}")
    if secret.encode() in request.head + request.body:
        refuse(f"{request.host}: the request carries the key")


def _post(request: Request, kind: str) -> dict[str, Any]:
    if request.method != "POST" or request.query:
        refuse(f"{kind}: {request.method} {request.target}")
    try:
        return request.json_object()
    except (ValueError, RecursionError) as error:
        refuse(f"{kind}: {error}")


def _names(place: str, document: Any, names: str) -> None:
    if not isinstance(document, dict) or document.keys() != set(names.split()):
        refuse(f"{place}: has {sorted(document)} instead of {sorted(names.split())}")
