"""Maps a response without an image to an error, in any error format (docs: references/api.md)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.errors import AuthenticationError, InvalidRequest, QuotaExceeded, RateLimitError
from shared.http.refusals import comparable, proven_ground, reason_of_ban, says
from shared.i18n.catalog import duration, sanitize_line
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.errors import RequestRejected

BAD_REQUEST, UNAUTHORIZED, PAYMENT_REQUIRED, FORBIDDEN = 400, 401, 402, 403
NOT_FOUND, METHOD_NOT_ALLOWED, REQUEST_TIMEOUT, UNPROCESSABLE = 404, 405, 408, 422
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500
CONTENT_CODES = frozenset(
    (
        "moderation_blocked",
        "content_policy_violation",
        "content_filter",
        "safety_violation",
        "sensitive_words_detected",  # new-api, types/error.go
        "prompt_blocked",
    )
)
FIELD_REFUSED = "field_refused"
"""Error code of a rejection only for the name of the form's file fields."""

_PLACES = ("error", "errors", "err", "detail", "response", "base_resp", "data")
_WORDS = (
    "message", "msg", "error", "detail", "error_message", "error_msg", "err_msg", "error_description",
    "status_msg", "reason", "title",
)  # fmt: skip
_CODES = ("code", "type", "error_code", "err_code", "errcode")
_MAX_DEPTH = 4
_MAX_CODE = 80  # characters
_CODE_AHEAD = re.compile(r"[!-~]+\Z|[A-Za-z]+(?:_[A-Za-z]+)+(?=[:,;. ])")
"""A code in the place of a sentence, or ahead of one: `invalid_api_key: ...`."""
_INVALID_URL = re.compile(r"invalid url \((?:post|get)\b")  # OpenAI, one-api, new-api
_NO_SUCH_PATH = re.compile(
    r"\A(?:404:? )?(?:page |path |the requested (?:resource|url) was )?not found\b.{0,3}\Z"
    r"|invalid (?:url|path|endpoint)|unrecognized request url|cannot post|no route|method not allowed"
    r"|(?:unknown|no such) (?:path|endpoint|route|url)"
    r"|(?:path|endpoint|route|url|接口|路径|路由|地址)\b.{0,80}(?:not found|does not exist|不存在)",
    re.IGNORECASE,
)
_FIELD = re.compile(r"\bimages?\b(?:\[\])?", re.IGNORECASE)
_FIELD_MISSING = re.compile(
    r"missing|required|unknown|unexpected|unrecognized|not allowed|not permitted|extra_forbidden|no such file"
    r"|必填|缺少|缺失|未知|不能为空",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ServiceError:
    """The codes and sentences of a service's error, the most specific first, as sanitized lines."""

    codes: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    is_page: bool = False
    """Whether the response is a web page."""
    shape: str = ""
    """A document of an unknown format, on one line."""
    prompt: str = ""
    """The prompt that was sent, which a service may repeat in an error of any kind."""

    @property
    def code(self) -> str | None:
        """The service's own name of the error."""
        return self.codes[0] if self.codes else None

    @property
    def words(self) -> str:
        """The sentence to show to a person."""
        if self.sentences:
            return self.sentences[0].rstrip(".。") or MessageRef("no_words")  # it is quoted inside a sentence
        return MessageRef("answer_is_page") if self.is_page else self.shape or MessageRef("no_words")


def service_error(document: Any, *, is_page: bool = False, prompt: str = "") -> ServiceError:
    """Return the error in a response, from any of the envelopes that services and relays use.

    `prompt` is the one that was sent: where the service repeats it, it does not count as the service's text.
    """
    sent = comparable(prompt)
    places = list(_places(document, _MAX_DEPTH, sent))
    codes = [
        sanitize_line(place[name], _MAX_CODE)
        for place in places
        for name in _CODES
        if isinstance(place.get(name), str | int)
        and not isinstance(place[name], bool)
        and place[name] not in {"", 0}
    ]
    texts = [place[name] for place in places for name in _WORDS if isinstance(place.get(name), str)]
    sentences = [text for text in map(sanitize_line, texts) if text]
    words = [match[0] for match in map(_CODE_AHEAD.match, sentences) if match]
    codes += [word for word in words if len(word) <= _MAX_CODE and comparable(word) not in sent]
    shape = (
        ""
        if sentences or not document
        else sanitize_line(json.dumps(document, ensure_ascii=False, default=lambda _: None))
    )
    return ServiceError(tuple(dict.fromkeys(codes)), tuple(dict.fromkeys(sentences)), is_page, shape, prompt)


def _places(value: Any, depth: int, sent: str) -> Iterator[dict[str, Any]]:
    """Yield the objects that may describe an error, the innermost first; `sent` is the prompt, for comparison."""
    if isinstance(value, str) and value.lstrip().startswith("{"):  # an upstream's error, passed on as text
        if comparable(value) in sent:  # or the prompt
            return
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict) or not depth:
        return
    for name in (*_PLACES, "message", "msg"):
        yield from _places(value.get(name), depth - 1, sent)
    yield value


def refusal(status: int, error: ServiceError, retry_after: float | None = None) -> RequestRejected | None:
    """Return the error of a call that was certainly not accepted, None if that is uncertain.

    Certain are the codes and words of shared/http/refusals.py under any status, unless the words are the prompt's,
    and HTTP 4xx except 408; anything else may have been accepted and charged.
    """
    facts: dict[str, Any] = {"http_status": status, "provider_code": error.code, "words": error.words}
    facts["status"] = status
    texts = error.sentences or ("",)
    ground = next(filter(None, (proven_ground(error.codes, text, error.prompt) for text in texts)), None)
    if ground == "credits" or status == PAYMENT_REQUIRED:
        return QuotaExceeded("out_of_credits", **facts)
    if ground == "key":
        return AuthenticationError("key_refused", **facts)
    if ground == "model":
        return InvalidRequest("model_refused", **facts)
    if any(says(_INVALID_URL, text, error.prompt) for text in error.sentences):
        return InvalidRequest("address_wrong", **facts)
    if not 400 <= status < SERVER_ERROR or status == REQUEST_TIMEOUT:  # noqa: PLR2004
        return None
    return _refused_by_status(status, error, retry_after, facts)


def _refused_by_status(
    status: int, error: ServiceError, retry_after: float | None, facts: dict[str, Any]
) -> RequestRejected:
    rule = next((code for code in error.codes if code.casefold() in CONTENT_CODES), None)
    if rule:
        return InvalidRequest("content_refused", rule=rule, **facts)
    if status == UNAUTHORIZED:
        return AuthenticationError("key_refused", **facts)
    if status == FORBIDDEN:
        ban = reason_of_ban(error.codes, " ".join(error.sentences), is_page=error.is_page)
        return InvalidRequest("not_allowed", way_out=MessageRef(f"not_allowed_{ban}"), **facts)
    if status == TOO_MANY_REQUESTS:
        wait = duration(retry_after) if retry_after is not None else MessageRef("wait_unknown")
        return RateLimitError("create_limited", retry_after=retry_after, wait=wait, **facts)
    if status in (NOT_FOUND, METHOD_NOT_ALLOWED) and _names_no_path(error):
        return InvalidRequest("address_wrong", **facts)
    return InvalidRequest("refused", **facts)


def _names_no_path(error: ServiceError) -> bool:
    """Return whether the server has no such path: it reports that, or returns a web page or an empty response."""
    silent = not error.sentences and not error.shape
    return error.is_page or silent or any(map(_NO_SUCH_PATH.search, error.sentences))


def refuses_field(status: int, document: Any) -> bool:
    """Return whether a form was rejected only for the name of its file fields, `image` or `image[]`."""
    if status not in (BAD_REQUEST, UNPROCESSABLE) or not document:
        return False
    text = json.dumps(document, ensure_ascii=False, default=lambda _: None)[:4096]
    return bool(_FIELD.search(text) and _FIELD_MISSING.search(text))
