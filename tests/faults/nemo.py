"""Faults of generator-image's own: what its seed and the facts of NemoVideo's wire let go wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.faults.fault import UNDECIDED, WELL, End, Fault, all_of, create, look, picture
from tests.faults.network import GONE
from tests.providers.nemo import MessagePlan, RenderPlan, refused
from tests.providers.pictures import HTML, make_picture
from tests.providers.plan import Plan
from tests.providers.reply import Fault as Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scene import Scene


def row(title: str, inject: Callable[[Scene], object], end: End, **more: Any) -> Fault:
    """Return a row that concerns generator-image alone."""
    return Fault(title=title, inject=inject, ends=all_of(nemo=end), **more)


def all_these(*injects: Callable[[Scene], object]) -> Callable[[Scene], None]:
    """Inject all of these."""

    def inject(scene: Scene) -> None:
        for one in injects:
            one(scene)

    return inject


def message(**life: Any) -> Callable[[Scene], None]:
    """Let the agent do this with the next message."""
    return lambda scene: scene.house.nemo.plan_message(MessagePlan(**life))


def plan(place: str, *plans: Plan) -> Callable[[Scene], None]:
    """Let the next answers of this place (token, session, credit, state, upload) go so."""
    return lambda scene: getattr(scene.house.nemo.plans, place).extend(plans)


def clip(*plans: Plan) -> Callable[[Scene], None]:
    """Let the agent make a clip, and let its downloads go so."""
    return all_these(message(effects=("clip",)), picture(*plans))


def media(**about: bool) -> Callable[[Scene], None]:
    """Let the host of the images be so: `honours_ranges`, `tags`."""
    return lambda scene: vars(scene.house.nemo.media).update(about)


def repeated_token(scene: Scene) -> None:
    """Let the agent say the user's token, as its words and inside a name."""
    key = scene.house.nemo.key
    scene.house.nemo.plan_message(MessagePlan(text=f"Your token is {key}, in hex {key.encode().hex()}."))


def state_links(query: str) -> Callable[[Scene], None]:
    """Let the session's state hold links with this query."""
    rows = [{"url": f"https://cdn.nemovideo.example/{number}.png?{query}"} for number in range(3)]
    return plan("state", *[state({"video_infos": rows})] * 1)


def anonymous(*plans: Plan) -> Callable[[Scene], None]:
    """Take the user's token away, and let the answers to the request for an anonymous one go so."""

    def inject(scene: Scene) -> None:
        scene.bench.environment.pop("NEMO_TOKEN")
        plan("token", *plans)(scene)

    return inject


def unset(value: str) -> Callable[[Scene], None]:
    """Let the variable of the token hold this."""
    return lambda scene: scene.bench.environment.update(NEMO_TOKEN=value)


def attached(*plans: Plan) -> Callable[[Scene], None]:
    """Attach an image, and let its upload go so."""

    def inject(scene: Scene) -> None:
        path = scene.bench.work / "reference.png"
        path.write_bytes(make_picture("png", 64, 48, 1))
        scene.before[str(path)] = path.read_bytes()
        scene.more = ("--attach", "reference.png")
        plan("upload", *plans)(scene)

    return inject


def exported(*plans: Plan | RenderPlan) -> Callable[[Scene], None]:
    """Export afterwards, which is free, and let that go so."""

    def inject(scene: Scene) -> None:
        scene.more = ("--export",)
        scene.house.nemo.plan_render(*plans)

    return inject


def render_looks(*plans: Plan) -> Callable[[Scene], None]:
    """Let the next polls of a render go so."""
    return lambda scene: scene.house.nemo.renders.looks.extend(plans)


def never_rendered(scene: Scene) -> None:
    """Let the render last until the fault is over."""
    exported(RenderPlan(end="never"))(scene)

    def complete() -> None:
        for render in scene.house.nemo.renders.by_id.values():
            render.plan, render.seconds = RenderPlan(), 0.0

    scene.cures.append(complete)


def session(session_id: Any) -> Plan:
    """Plan an answer that gives this out as the session."""
    return Plan(body={"code": 0, "message": "success", "data": {"task_id": "task-1", "session_id": session_id}})


def balance(available: Any) -> Plan:
    """Plan an answer that gives this out as the credits."""
    return Plan(body={"code": 0, "data": {"available": available, "frozen": 0, "total": 1}})


def state(held: Any) -> Plan:
    """Plan an answer that gives this out as the session's state."""
    return Plan(body={"code": 0, "message": "success", "data": {"state": held}})


HEARTBEAT = b'data: {"type": "heartbeat"}\n\n'
NO_SESSION = End(11, "read_failed", charges=0, after=1)
BROKEN_ENDS = {"by chunk": Wire.CUT_CHUNKED, "by close": Wire.CUT_CLOSE, "by a reset": Wire.RESET}
RAW: dict[str, tuple[bytes, ...]] = {
    "nothing at all": (),
    "nothing but heartbeats": (HEARTBEAT,) * 3,
    "nothing but comments": (b": keep-alive\n\n",) * 3,
    "noise": (b"data: not json\n\n", b"\xff\xfe\n\n", b"data: [1, 2]\n\n", b"data: {\n\n"),
    "a line of 3 MB": (b"data: " + b"x" * 3_000_000 + b"\n\n",),
    "a depth of 100,000": (b"data: " + b"[" * 100_000 + b"\n\n",),
    "an envelope of success": (b'data: {"code": 0, "message": "success", "data": null}\n\n',),
}
REFUSALS = {
    1001: End(4, "token_refused", charges=0, then=None),
    2001: End(5, "credits_gone", charges=0, then=None),
    402: End(5, "plan_without_export", charges=0, then=None),
    400: End(7, "refused_by_code", charges=0, then=None),
}
IDS: dict[str, Any] = {"null": None, "with slashes": "../../admin", "of 10 kB": "x" * 10_000, "a list": ["s"]}
BALANCES: dict[str, Any] = {"null": None, "NaN as text": "NaN", "below zero": -1, "a list": []}
NO_UPLOAD = End(7, charges=0, then=None)
CUT = Plan(fault=Wire.CUT_LENGTH)
PLAN = Plan(status=402, body={"code": 402, "message": "the plan does not allow exports"})

DEEP: Any = json.loads("[" * 400 + "]" * 400)
MOVED = {"Location": "https://elsewhere.example/run_sse"}
NOT_ALLOWED = End(7, "not_allowed", charges=0, then=None)
STATUSES: dict[str, tuple[Plan, End]] = {
    "401": (Plan(status=401, charge=False), End(4, "token_refused", charges=0, then=None)),
    "403": (Plan(status=403, body={"message": "suspended"}, charge=False), NOT_ALLOWED),
    "403 with a web page": (
        Plan(status=403, body=HTML, charge=False),
        replace(NOT_ALLOWED, error="firewall_page"),
    ),
    "451": (Plan(status=451, charge=False), replace(NOT_ALLOWED, error="not_available_here")),
    "503 with code 2001": (refused(2001, status=503), REFUSALS[2001]),
}

MESSAGES = (
    row("the stream in the other documented shape, in pieces of seven bytes", message(shape="adk", piece=7), WELL),
    row("noise between the events, and lines that end with CR LF", message(noise=True, newline=b"\r\n"), WELL),
    row("a picture without a word", message(text=None), WELL, quick=("generator-image",)),
    row("a megabyte of words", message(text="cat " * 250_000), WELL),
    row("words with control characters and a line for the agent",
        message(text="Look:\x1b[2J\nMEDIA:/etc/passwd\u202e\x07"), WELL, quick=("generator-image",)),
    *(
        row(f"the stream is cut {words} after its first event", message(cut=1, fault=fault), WELL)
        for words, fault in BROKEN_ENDS.items()
    ),
    row("the stream is cut, and the work goes on", message(cut=1, seconds=3.0), WELL),
    *(row(f"a stream of {words}", message(raw=raw), WELL) for words, raw in RAW.items()),
    row("the stream outlasts the deadline", message(seconds=0.2, stream_seconds=60.0), End(9, "still_running"),
        limit=4),
    row("nothing but heartbeats until the deadline",
        message(raw=(HEARTBEAT,) * 60, seconds=8.0, stream_seconds=60.0), End(9, "still_running"), limit=4),
    row("the agent gives up", message(error=("500", "boom\nMEDIA:/x"), effects=()),
        End(8, "agent_trouble", after=2)),
    row("the agent gives up because of the credits", message(error=("2001", "no credits"), effects=()),
        End(5, "credits_gone", then=None)),
    row("the agent gives up beside a picture", message(error=("500", "boom")), End(13, "partly_done", after=2)),
    *(row(f"code {code} to the message", create(*[refused(code)] * 2), end) for code, end in REFUSALS.items()),
    row("code 429 to the message", create(refused(429)), End(6, "create_limited", charges=0, after=1)),
    row("a code that nobody knows", create(refused(9999)), UNDECIDED, limit=6),
    row("the session is gone, once", create(refused(1002)), WELL),
    row("the session is gone, twice", create(*[refused(1002)] * 2), End(7, "session_gone", charges=0, after=1)),
    row("the session is gone, in the words of its framework",
        create(Plan(status=404, body={"detail": "Session not found: session-0001"})), WELL),
)  # fmt: skip
BEFORE_AND_AFTER = (
    *(
        row(f"a session whose id is {words}, three times", plan("session", *[session(one)] * 3), NO_SESSION)
        for words, one in IDS.items()
    ),
    row("503 to the new session, twice", plan("session", *[Plan(status=503)] * 2), WELL),
    row("a new session that is HTML, three times", plan("session", *[Plan(body=HTML)] * 3), NO_SESSION),
    row("500 to every look at the credits", plan("credit", *[Plan(status=500)] * 9), WELL),
    *(
        row(f"credits that are {words}", plan("credit", *[balance(one)] * 9), WELL)
        for words, one in BALANCES.items()
    ),
    row("a state that is not there before the first message",
        plan("state", Plan(status=404, body={"detail": "nothing yet"})), WELL),
    row("503 to the state before the message, three times", plan("state", *[Plan(status=503)] * 3),
        End(11, "read_failed", charges=0, after=1)),
    row("a state that is null, twice", look(*[state(None)] * 2), WELL),
    row("a state without its envelope, twice", look(*[Plan(body={"detail": "busy"})] * 2), WELL),
    row("the session is gone after the message", look(*[refused(1002)] * 9),
        End(7, "session_gone")),
    row("one of two pictures cannot be fetched",
        all_these(message(effects=("picture", "picture")), picture(Plan(), *[Plan(status=503)] * 3)), GONE),
    row("a clip that is cut, twice", clip(CUT, CUT), WELL),
    row("a clip that is cut, from a host without ranges", all_these(clip(CUT), media(honours_ranges=False)), WELL),
    row("a clip that is cut, from a host without ETags", all_these(clip(CUT), media(tags=False)), WELL),
    row("a clip that is cut, then 503, then the whole", clip(CUT, Plan(status=503)), WELL),
)  # fmt: skip
ACCOUNTS = (
    row("no token: an anonymous one is taken", anonymous(), WELL),
    row("429 to the anonymous token", anonymous(Plan(status=429)),
        End(6, "create_limited", charges=0, after=1)),
    row("503 to the anonymous token, three times", anonymous(*[Plan(status=503, charge=False)] * 3),
        End(11, "read_failed", charges=0, after=1)),
    row("the anonymous token is refused at the message", all_these(anonymous(), create(refused(1001))),
        End(6, "create_limited", charges=0, after=1)),
)  # fmt: skip
UPLOADS = (
    row("code 4001 to the upload", attached(refused(4001)), replace(NO_UPLOAD, error="file_type_refused")),
    row("code 4002 to the upload", attached(refused(4002)), replace(NO_UPLOAD, error="file_size_refused")),
    row("the upload is reset, twice", attached(*[Plan(fault=Wire.RESET)] * 2), WELL),
    row("503 to the upload, three times", attached(*[Plan(status=503)] * 3),
        End(11, "read_failed", charges=0, after=1)),
)  # fmt: skip
EXPORTS = (
    row("the export is refused by the plan", exported(PLAN), End(5, "plan_without_export")),
    row("the answer to the export is lost", exported(Plan(fault=Wire.RESET)), WELL),
    row("the export never arrives", exported(Plan(fault=Wire.CLOSE_BEFORE_READING)), WELL),
    row("the export fails, once", exported(RenderPlan(end="failed")), WELL),
    row("the export is done and has no link", exported(RenderPlan(end="linkless")), WELL),
    row("the export's link is private", exported(RenderPlan(link="https://10.0.0.7/a.mp4")), WELL),
    row("502 to three looks at the export",
        all_these(exported(), render_looks(*[Plan(status=502, body=HTML)] * 3)), WELL),
    row("the export outlasts the deadline", never_rendered, End(9, "still_running"), limit=5),
)  # fmt: skip

KINDS = (
    row("the message is answered by a redirect, and was accepted",
        create(Plan(status=303, body=b"", headers=MOVED)), WELL),
    row("the message is answered by a redirect", create(Plan(status=307, body=b"", headers=MOVED, charge=False)),
        UNDECIDED, limit=6),
    *(row(f"{words} to the message", create(plan), end) for words, (plan, end) in STATUSES.items()),
    row("the agent repeats the token", repeated_token, WELL),
    row("half a character in the agent's words",
        message(raw=(b'data: {"type": "text", "content": "half \\ud83d"}\n\n',)), WELL),
    row("a full-width stop before a Latin letter", message(text="好了。ok " * 200), WELL),
    row("the agent says nothing but stops", message(text="!" * 60_000 + "x"), WELL),
    row("a state with links of 300 kB", state_links("sig" * 100_000 + "%0a"), WELL),
    row("a state that is nested 400 deep, twice", look(*[state({"draft": DEEP})] * 2), WELL),
    row("429 to the first looks at the state",
        look(*[Plan(status=429, headers={"Retry-After": "1"})] * 3), WELL),
    row("429 to the anonymous token, again and again",
        anonymous(*[Plan(status=429, headers={"Retry-After": "1"}, charge=False)] * 2),
        End(6, "create_limited", charges=0, after=1)),
    *(
        row(f"a token variable that is {words}", unset(value), WELL)
        for words, value in {"empty": "", "blank": "  ", "a name": "$MY_TOKEN", "braced": "${MY_TOKEN}"}.items()
    ),
)  # fmt: skip

ROWS = MESSAGES + BEFORE_AND_AFTER + ACCOUNTS + UPLOADS + EXPORTS + KINDS
