"""The rules of NemoVideo: tokens, sessions, messages, uploads, states, renders and media, without sockets."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.providers import nemo_rules as rules
from tests.providers.ledger import Charge, Ledger
from tests.providers.nemo_renders import DOWNLOADS, RENDERS, RenderPlan, Renders
from tests.providers.nemo_sessions import CDN_HOST, MediaHost, NemoSession
from tests.providers.nemo_stream import MessagePlan, stream
from tests.providers.plan import Plan
from tests.providers.reply import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.providers.nemo_stream import Effect
    from tests.providers.request import Request

__all__ = ["CDN_HOST", "DOWNLOADS", "RENDERS", "MessagePlan", "NemoService", "RenderPlan", "refused"]

HOST = "mega-api-prod.nemovideo.ai"
TOKEN_PATH = "/api/auth/anonymous-token"
SESSION_PATH = "/api/tasks/me/with-session/nemo_agent"
MESSAGE_PATH = "/run_sse"
UPLOAD_PATH = "/api/upload-video/nemo_agent/me"
CREDITS_PATH = "/api/credits/balance/simple"
STATE_PATH = "/api/state/nemo_agent/me"
FREE_CREDITS = 100
MOST_TOKENS = 10  # for one address in seven days


@dataclass
class Account:
    """Whose a token is; `client` is None for a registered user, `works` is False once it has expired."""

    token: str
    user_id: str
    client: str | None
    available: int = FREE_CREDITS
    works: bool = True

    @property
    def owner(self) -> str:
        """Whose sessions it opens: a client keeps them when its token is renewed."""
        return self.client or self.user_id


@dataclass
class _Plans:
    token: deque[Plan] = field(default_factory=deque)
    session: deque[Plan] = field(default_factory=deque)
    message: deque[Plan] = field(default_factory=deque)
    life: deque[MessagePlan] = field(default_factory=deque)
    by_text: dict[str, MessagePlan] = field(default_factory=dict)
    upload: deque[Plan] = field(default_factory=deque)
    credit: deque[Plan] = field(default_factory=deque)
    state: deque[Plan] = field(default_factory=deque)


def refused(code: int, message: str = "refused by the test", *, status: int = 200, **data: Any) -> Plan:
    """Plan a refusal by a code in the body: nothing is carried out or charged."""
    return Plan(body={"code": code, "message": message, "data": data or None}, status=status, charge=False)


class NemoService:
    """Accounts, sessions and everything in them.

    `key` is the token of the one registered user. `complaints` lists every request that breaks the wire facts: a
    test asserts that it is empty. `uploads` are the files that arrived. Each message that is accepted is charged
    once, under its text.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        key: str,
        default_seconds: float = 0.3,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ledger = ledger
        self.key = key
        self.default_seconds = default_seconds
        self.accounts = {key: Account(key, "user-registered", None, available=1000)}
        self.sessions: dict[str, NemoSession] = {}
        self.uploads: list[rules.Sent] = []
        self.links: list[str] = []
        self.media = MediaHost()
        self.renders = Renders(clock, default_seconds)
        self.complaints: list[str] = []
        self.plans = _Plans()
        self._clock = clock
        self._lock = threading.RLock()

    def plan_message(self, *plans: Plan | MessagePlan) -> None:
        """Queue departures for the next messages (Plan), or what the agent does with those accepted."""
        self.plans.message.extend(one for one in plans if isinstance(one, Plan))
        self.plans.life.extend(one for one in plans if isinstance(one, MessagePlan))

    def plan_text(self, text: str, plan: MessagePlan) -> None:
        """Let the agent do this with every message of this text."""
        self.plans.by_text[text] = plan

    def plan_render(self, *plans: Plan | RenderPlan) -> None:
        """Queue departures for the next exports (Plan), or the lives of those accepted."""
        self.renders.posts.extend(one for one in plans if isinstance(one, Plan))
        self.renders.plans.extend(one for one in plans if isinstance(one, RenderPlan))

    def expire_tokens(self) -> None:
        """Let every anonymous token answer 1001 from now on; their clients may have new ones."""
        for account in self.accounts.values():
            account.works = account.works and account.client is None

    def forget_sessions(self) -> None:
        """Let every session so far answer 1002."""
        for session in self.sessions.values():
            session.gone = True

    def handle(self, request: Request) -> Reply:
        """Answer a request to the API."""
        with self._lock:
            try:
                if request.path == TOKEN_PATH:
                    return self._token(request)
                return self._known(request)
            except rules.ComplaintError as error:
                self.complaints.append(str(error))
                return json_reply({"code": 400, "message": str(error), "data": None}, 400)

    def handle_media(self, request: Request) -> Reply:
        """Answer a request to the media host."""
        with self._lock:
            try:
                return self.media.handle(request, list(self.accounts))
            except rules.ComplaintError as error:
                self.complaints.append(str(error))
                return json_reply({"message": str(error)}, 400)

    def _token(self, request: Request) -> Reply:
        client = rules.check_anonymous(request)
        plan = _next(self.plans.token)
        if not plan.charges:
            return plan.alter(enveloped(None))
        if client is None:
            return plan.alter(enveloped(None, 400, "X-Client-Id is required", status=400))
        anonymous = [account for account in self.accounts.values() if account.client is not None]
        if (
            any(account.client == client and account.works for account in anonymous)
            or len(anonymous) >= MOST_TOKENS
        ):
            return plan.alter(enveloped(None, 429, "one token per client in 7 days", status=429))
        number = len(anonymous) + 1
        account = Account(f"nmv_usr_dummy{secrets.token_hex(16)}", f"user-{number}", client)
        self.accounts[account.token] = account
        told = {"token": account.token, "credits": FREE_CREDITS, "user_id": account.user_id}
        return plan.alter(enveloped({**told, "expires_at": _in_a_week()}))

    def _known(self, request: Request) -> Reply:
        account = self.accounts.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        missing = rules.check_attribution(request)
        if missing:
            self.complaints.append(f"{request.path}: without {' '.join(missing)}")
        if account is None or not account.works:
            return enveloped(None, 1001, "token expired or invalid")
        for prefix, answer in (
            (SESSION_PATH, self._new_session),
            (CREDITS_PATH, self._credits),
            (MESSAGE_PATH, self._message),
            (UPLOAD_PATH, self._upload),
            (STATE_PATH, self._state),
        ):
            if request.path.startswith(prefix):
                return answer(request, account)
        return self._render(request, account, missing=bool(missing))

    def _credits(self, request: Request, account: Account) -> Reply:
        rules.check_read(request, CREDITS_PATH)
        told = {"available": account.available, "frozen": 0, "total": account.available}
        return _next(self.plans.credit).alter(enveloped(told))

    def _new_session(self, request: Request, account: Account) -> Reply:
        language = rules.check_session(request, SESSION_PATH)
        plan = _next(self.plans.session)
        if not plan.charges:
            return plan.alter(enveloped(None))
        number = len(self.sessions) + 1
        session = NemoSession(f"session-{number:04d}", f"task-{number:04d}", language, account.owner, self.media)
        self.sessions[session.session_id] = session
        return plan.alter(enveloped({"task_id": session.task_id, "session_id": session.session_id}))

    def _session(self, session_id: str, account: Account) -> NemoSession | None:
        session = self.sessions.get(session_id)
        if session is None or session.gone:
            return None
        if session.owner != account.owner:
            rules.refuse(f"{session_id}: somebody else's session")
        return session

    def _message(self, request: Request, account: Account) -> Reply:
        session_id, text = rules.check_message(request, MESSAGE_PATH)
        plan = _next(self.plans.message)
        if not plan.charges:
            return plan.alter(enveloped(None))
        session = self._session(session_id, account)
        if session is None:
            return plan.alter(enveloped(None, 1002, "session not found"))
        life = self.plans.by_text.get(text)
        if life is None:
            life = self.plans.life.popleft() if self.plans.life else MessagePlan()
        if account.available < life.cost:
            return plan.alter(enveloped(None, 2001, "out of credits"))
        account.available -= life.cost
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        amount = Decimal(life.cost)
        self.ledger.charge(
            Charge(service="nemo", task_id=session.session_id, amount=amount, fingerprint_of_request=fingerprint)
        )
        seconds = self.default_seconds if life.seconds is None else life.seconds
        effects = life.effects if life.effects is not None else wanted(text)
        session.begin(text, effects, self._clock(), seconds)
        if plan.fault or plan.status or plan.body is not None:
            return plan.alter(enveloped({}))
        told = stream(life, seconds if life.stream_seconds is None else life.stream_seconds)
        return dataclasses.replace(told, delay=plan.delay)

    def _upload(self, request: Request, account: Account) -> Reply:
        session_id = request.path.removeprefix(f"{UPLOAD_PATH}/")
        by_link = request.headers.get("content-type", "").startswith("application/json")
        links = rules.check_urls(request) if by_link else []
        sent = [] if by_link else rules.check_files(request)
        plan = _next(self.plans.upload)
        if not plan.charges:
            return plan.alter(enveloped(None))
        session = self._session(session_id, account)
        if session is None:
            return plan.alter(enveloped(None, 1002, "session not found"))
        files: list[tuple[str, rules.Sent | None]] = [
            (urlsplit(link).path.rpartition("/")[2], None) for link in links
        ]
        files += [(one.name, one) for one in sent]
        if any(_kind(name) is None for name, _ in files):
            return plan.alter(enveloped(None, 4001, "unsupported file type"))
        if any(one.size > rules.LARGEST for one in sent):
            return plan.alter(enveloped(None, 4002, "file too large"))
        self.uploads += sent
        self.links += links
        rows = [session.upload(name, _kind(name) or "", one) for name, one in files]
        return plan.alter(enveloped({"files": rows, "session_state_applied": True}))

    def _state(self, request: Request, account: Account) -> Reply:
        session_id = request.path.removeprefix(f"{STATE_PATH}/").removesuffix("/latest")
        rules.check_read(request, f"{STATE_PATH}/{session_id}/latest")
        plan = _next(self.plans.state)
        if not plan.charges:
            return plan.alter(enveloped(None))
        session = self._session(session_id, account)
        if session is None:
            return plan.alter(enveloped(None, 1002, "session not found"))
        told = {"state": session.state(self._clock()), "session_id": session_id, "read_at": time.time()}
        return plan.alter(enveloped(told))

    def _render(self, request: Request, account: Account, *, missing: bool) -> Reply:
        if request.path == RENDERS:
            document = rules.check_render(request)
            session = self._session(document["sessionId"], account)
            if missing:
                return enveloped(None, 402, "the plan does not allow exports", status=402)
            return self.renders.begin(session, document) if session else enveloped(None, 1002, "session not found")
        match = re.fullmatch(rf"{DOWNLOADS}/(?:lambda/)?(render_[\w-]+)(/cancel|/download)?", request.path)
        if not match:
            rules.refuse(f"no such path: {request.method} {request.path}")
        if match[1] not in self.renders.by_id:
            return enveloped(None, 404, f"no render {match[1]}", status=404)
        if match[2] == "/cancel" and request.method == "POST" and request.path.startswith(RENDERS):
            return self.renders.cancel(match[1])
        rules.check_read(request, request.path)
        session = self.sessions[self.renders.by_id[match[1]].document["sessionId"]]
        if match[2] == "/download" and not request.path.startswith(RENDERS):
            return self.renders.download(match[1], session)
        if match[2] or not request.path.startswith(RENDERS):
            rules.refuse(f"no such path: {request.method} {request.path}")
        return self.renders.look(match[1], session)


def wanted(text: str) -> tuple[Effect, ...]:
    """Return the agent's effects for a message, by the words in it."""
    words = {
        "music": "music",
        "音乐": "music",
        "title": "title",
        "标题": "title",
        "louder": "louder",
        "clip": "clip",
    }
    found: list[Effect] = [effect for word, effect in words.items() if word in text.lower()]  # type: ignore[misc]
    return tuple(found) or ("picture",)


def enveloped(data: Any, code: int = 0, message: str = "success", *, status: int = 200) -> Reply:
    """Answer with the service's envelope."""
    return json_reply({"code": code, "message": message, "data": data}, status)


def _kind(name: str) -> str | None:
    kind = name.rpartition(".")[2].lower()
    return kind if kind in rules.TYPES else None


def _in_a_week() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7 * 86400))


def _next(plans: deque[Plan]) -> Plan:
    return plans.popleft() if plans else Plan()
