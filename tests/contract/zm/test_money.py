"""Row zm of docs/money.md, section 3: when a paid request is sent again, and what is said of its cost."""

from __future__ import annotations

import base64
import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai_images import provider

from tests.contract.paid import answers_held
from tests.contract.zm.stage import Stage, eventually, expect, on_disk
from tests.launcher import end, wait
from tests.providers.openai_images import GENERATIONS, HOST, ImagePlan
from tests.providers.plan import Plan
from tests.providers.reply import Fault
from tests.providers.sockets import LOOPBACK
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    from tests.providers.house import StandInHouse
    from tests.providers.openai_images import OpenAiImagesService

PROMPT = ("--prompt", "a red kite")


def refusal(status: int, code: str, **headers: str) -> Plan:
    body = {"error": {"message": f"no: {code}", "type": "planned", "code": code}}
    return Plan(status=status, body=body, headers=headers)


def trouble(status: int, *, charge: bool = True) -> Plan:
    return Plan(status=status, charge=charge, body={"error": {"message": "overloaded"}})


def keys_sent(house: StandInHouse) -> list[str]:
    return [request.headers["idempotency-key"] for request in house.recorder.requests_to(GENERATIONS)]


@dataclass(frozen=True)
class Case:
    """What the service does with the attempts in turn, and what the command must say."""

    name: str
    plans: tuple[Plan, ...]
    code: int
    error: str | None
    attempts: int
    possible: int
    state: str

    def __str__(self) -> str:
        return self.name


LIMIT = refusal(429, "rate_limit_exceeded")
CASES = (
    Case("429 then a picture", (LIMIT,), 0, None, 2, 1, "succeeded"),
    Case("503 charged, then a picture", (trouble(503),), 0, None, 2, 2, "succeeded"),
    Case("500 and 502, then a picture", (trouble(500), trouble(502)), 0, None, 3, 3, "succeeded"),
    Case("408 not charged, then a picture", (trouble(408, charge=False),), 0, None, 2, 2, "succeeded"),
    Case("429 to the end", (LIMIT,) * 3, 6, "create_limited", 3, 0, "refused"),
    Case("504 to the end", (trouble(504),) * 3, 10, "answer_unclear", 3, 3, "unknown"),
    Case("503 before 429", (trouble(503), LIMIT, LIMIT), 10, "attempts_unclear", 3, 1, "unknown"),
    Case("503 before 400", (trouble(503), refusal(400, "bad")), 10, "attempts_unclear", 2, 1, "unknown"),
    Case("429 before 400", (LIMIT, refusal(400, "bad")), 7, "refused", 2, 0, "refused"),
    Case("400", (refusal(400, "invalid_request_error"),), 7, "refused", 1, 0, "refused"),
    Case("moderation", (refusal(400, "moderation_blocked"),), 7, "content_refused", 1, 0, "refused"),
    Case("policy", (refusal(400, "content_policy_violation"),), 7, "content_refused", 1, 0, "refused"),
    Case("401", (refusal(401, "invalid_api_key"),), 4, "key_refused", 1, 0, "refused"),
    Case("403", (refusal(403, "forbidden"),), 7, "not_allowed", 1, 0, "refused"),
    Case("402", (refusal(402, "payment_required"),), 5, "out_of_credits", 1, 0, "refused"),
    Case("quota", (refusal(429, "insufficient_quota"),), 5, "out_of_credits", 1, 0, "refused"),
    Case("404", (refusal(404, "model_not_found"),), 7, "model_refused", 1, 0, "refused"),
    Case("413", (refusal(413, "too_large"),), 7, "refused", 1, 0, "refused"),
    Case("422", (refusal(422, "invalid_size"),), 7, "refused", 1, 0, "refused"),
    Case("a redirect", (Plan(status=302, charge=True),), 10, "answer_unclear", 1, 1, "unknown"),
    Case("501", (trouble(501),), 10, "answer_unclear", 1, 1, "unknown"),
    Case("HTML", (Plan(body=b"<html>busy</html>"),), 10, "answer_without_picture", 1, 1, "unknown"),
    Case("nothing", (Plan(body=b""),), 10, "answer_without_picture", 1, 1, "unknown"),
    Case("no data", (Plan(body={"created": 1, "data": []}),), 10, "answer_without_picture", 1, 1, "unknown"),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_row_of_answers(case: Case, stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    service.honours_keys = False
    service.plan_create(*case.plans)
    document = expect(stage.tried(*PROMPT), case.code, case.error)
    assert (document["attempts"], document["possible_charges"]) == (case.attempts, case.possible)
    assert document["possible_charges"] == service.counted >= len(house.ledger)
    assert [entry["state"] for entry in stage.entries()] == [case.state]
    charged = "yes" if case.code == 0 else "unknown" if case.possible else "no"
    assert document["charged"] == charged
    assert len(set(keys_sent(house))) == 1
    assert service.complaints == []


REPEATED = (
    "a sign that says: invalid API key",
    "A neon sign: Insufficient  Balance",
    "a poster:\nNo available channel",
    "a model train on a shelf",
    "a toy model that was not found",
    "牌子上写着：余额不足",
    "模型火车，招牌写着“不存在”",
    "invalid token",
    "invalid_model",
    "invalid\u200b api\u200b key",
    '{"error": {"code": "insufficient_quota"}}',
    "a terminal with the words Invalid URL (POST /v1/images)",
)


@pytest.mark.parametrize("prompt", REPEATED)
def test_the_words_of_the_prompt_prove_nothing(
    prompt: str, stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    errors: tuple[Any, ...] = (
        f"error: {prompt}",
        f'Failed to draw "{prompt}": the resource was not found',
        {"error": {"message": f"upstream failed for {prompt}", "code": "bad_response"}},
        {"error": {"message": prompt}},
        {"detail": prompt.upper() if prompt.islower() else prompt},
        f"error while drawing {prompt[:-1]}…",
    )
    for number, error in enumerate(errors):
        body = error.encode() if isinstance(error, str) else error
        service.plan_create(Plan(status=503, charge=True, body=body))
        argv = ("--prompt", prompt, "--variant", str(number), "--max-attempts", "1")
        document = expect(stage.tried(*argv), 10, "answer_unclear")
        assert (document["charged"], document["possible_charges"]) == ("unknown", 1), error
    assert service.counted == len(house.ledger) == len(errors)


def test_the_service_s_own_words_still_prove_it(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    body = {"error": {"message": "Insufficient balance. Prompt: a sign that says: invalid API key"}}
    service.plan_create(Plan(status=503, charge=False, body=body))
    expect(stage.tried("--prompt", "a sign that says: invalid API key"), 5, "out_of_credits")
    assert len(house.ledger) == 0


CUTS = (
    Fault.CLOSE_WITHOUT_ANSWER, Fault.RESET, Fault.CUT_HEADERS, Fault.CUT_LENGTH, Fault.CUT_CHUNKED,
    Fault.CUT_CLOSE, Fault.GARBAGE_RECORD,
)  # fmt: skip


@pytest.mark.parametrize("way", ["proxied", "direct"])
@pytest.mark.parametrize("fault", CUTS, ids=lambda fault: fault.name)
def test_a_cut_is_an_unknown_outcome(
    fault: Fault, way: str, stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    environment = {}
    if way == "direct":
        house.server.handlers = {**house.server.handlers, LOOPBACK: service.handle}
        stage.provide(
            {"baseUrl": f"https://{LOOPBACK}:{house.server.port}/v1", "apiKey": service.key, "models": []}
        )
        environment = {"NO_PROXY": "*", "no_proxy": "*"}
    service.plan_create(Plan(fault=fault))
    document = expect(
        stage.tried(*PROMPT, env=environment),
        10,
        "answer_without_picture" if fault is Fault.CUT_CLOSE else "answer_lost",
    )
    assert (document["attempts"], document["possible_charges"], document["charged"]) == (1, 1, "unknown")
    assert service.counted == len(house.ledger) == 1
    again = expect(stage.tried(*PROMPT, env=environment), 10, "outcome_unknown_before")
    assert again["possible_charges"] == service.counted == 1
    assert again["next"]["argv"][-2:] == ["--on-unknown", "retry"]


def test_the_way_out_of_an_unknown_outcome_uses_the_same_key(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    service.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    first = expect(stage.tried(*PROMPT), 10, "answer_lost")
    document = expect(stage.shell(first["next"]), 0)
    assert document["local_id"] == first["local_id"]
    assert (document["attempts"], document["possible_charges"]) == (2, 2)
    assert on_disk(document["images"][0]) == service.pictures[0]
    assert (service.counted, len(house.ledger)) == (2, 1)  # the service knew the key: charged once
    assert len(set(keys_sent(house))) == 1


def test_consent_given_beforehand(stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    service.plan_create(Plan(fault=Fault.RESET), Plan(body=b"{}"))
    document = expect(stage.tried(*PROMPT, "--on-unknown", "retry"), 0)
    assert (document["attempts"], document["possible_charges"], service.counted) == (3, 3, 3)
    assert len(set(keys_sent(house))) == len(house.ledger) == 1


def test_a_resume_with_consent_sends_what_was_recorded(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    service.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    reference = stage.picture("r.png")
    first = expect(stage.tried(*PROMPT, "--image", reference), 10)
    expect(stage.tried("--resume", first["local_id"]), 10, "outcome_unknown_before")
    document = expect(stage.tried("--resume", first["local_id"], "--on-unknown", "retry"), 0)
    assert (document["local_id"], document["mode"]) == (first["local_id"], "edit")
    assert (service.counted, len(house.ledger), service.complaints) == (2, 1, [])


@pytest.mark.parametrize("body", [{}, {"prompt": "half \ud83d"}, [], {"prompt": "another kite"}], ids=json.dumps)
def test_a_resume_sends_nothing_but_what_the_journal_knows(
    body: Any, stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    service.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    first = expect(stage.tried(*PROMPT), 10)
    record = Path(first["run_dir"]) / "attempt-1" / "request.json"
    record.write_text(json.dumps({**json.loads(record.read_bytes()), "body": body}))
    again = ("--resume", first["local_id"], "--on-unknown", "retry")
    expect(stage.tried(*again), 13, "request_gone")
    assert len(house.recorder.requests_to(GENERATIONS)) == 1


def test_an_attempt_that_takes_too_long(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_create(Plan(fault=Fault.HANG))
    started = time.monotonic()
    document = expect(stage.tried(*PROMPT, "--timeout-ms", "600"), 10, "answer_lost")
    assert time.monotonic() - started < 10
    assert document["possible_charges"] == service.counted == 1


def test_never_reached_counts_as_an_attempt_and_not_as_a_charge(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    house.proxy.plan(HOST, 502, TunnelFault.CUT_BEFORE_TLS)
    document = expect(stage.tried(*PROMPT), 0)
    assert (document["attempts"], document["possible_charges"], service.counted) == (3, 1, 1)


def test_never_reached_at_all(stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    house.proxy.refuse_with = 502
    document = expect(stage.tried(*PROMPT), 11, "unreachable")
    assert (document["attempts"], document["possible_charges"], document["charged"]) == (3, 0, "no")
    house.proxy.refuse_with = None
    assert expect(stage.tried(*PROMPT), 0)["attempts"] == service.counted == 1


def test_a_request_cut_by_the_proxy_may_have_left(stage: Stage, house: StandInHouse) -> None:
    house.proxy.plan(HOST, TunnelFault.CUT_REQUEST)
    document = expect(stage.tried(*PROMPT), 10, "answer_lost")
    assert (document["attempts"], document["possible_charges"], len(house.ledger)) == (1, 1, 0)


def test_retry_after_is_kept(stage: Stage, house: StandInHouse, service: OpenAiImagesService) -> None:
    service.plan_create(refusal(429, "rate_limit_exceeded", **{"Retry-After": "1"}))
    expect(stage.tried(*PROMPT), 0)
    first, second = house.recorder.requests_to(GENERATIONS)
    assert second.received_at - first.received_at >= 0.99


def test_a_retry_after_that_is_too_long_ends_at_once(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_create(refusal(429, "rate_limit_exceeded", **{"Retry-After": "3600"}))
    document = expect(stage.tried(*PROMPT), 6, "create_limited")
    assert document["attempts"] == 1
    assert "3600 s" in document["error"]["message"]


def test_all_attempts_end_within_the_timeout(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_create(LIMIT, LIMIT, LIMIT)
    slow = ("--retry-base-delay", "30", "--retry-max-delay", "30", "--timeout", "2")
    document = expect(stage.run("run.py", *PROMPT, "--json", *slow), 6)
    assert (document["attempts"], document["elapsed_seconds"] < 2) == (1, True)


@pytest.mark.parametrize(("times", "attempts"), [((29, 10), 2), ((29, 20), 1), ((100, 60), 2), ((100, 75), 1)])
def test_no_attempt_is_begun_that_would_be_cut_off(
    times: tuple[int, int],
    attempts: int,
    stage: Stage,
    service: OpenAiImagesService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider, "wait_before_retry", lambda *_: None)
    service.plan_create(LIMIT, LIMIT)
    seconds, pause = map(str, times)
    flags = ("--timeout", seconds, "--retry-base-delay", pause, "--retry-max-delay", pause, "--max-attempts", "2")
    assert expect(stage.tried(*PROMPT, *flags), 6)["attempts"] == attempts


def test_max_attempts_is_kept(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_create(*(LIMIT,) * 5)
    assert expect(stage.tried(*PROMPT, "--max-attempts", "1"), 6)["attempts"] == 1
    assert expect(stage.tried(*PROMPT, "--max-attempts", "4"), 6)["attempts"] == 4


def test_the_same_command_again_pays_nothing(stage: Stage, house: StandInHouse) -> None:
    first = expect(stage.tried(*PROMPT), 0)
    second = expect(stage.tried(*PROMPT, "--task-name", "other", "--output-dir", "elsewhere"), 0)
    assert (second["reused"], second["local_id"], len(house.ledger)) == (True, first["local_id"], 1)
    assert on_disk(second["images"][0]) == on_disk(first["images"][0])
    assert second["output"].startswith(str(stage.work / "elsewhere"))
    assert expect(stage.tried(*PROMPT, "--variant", "2"), 0)["reused"] is False
    assert expect(stage.tried(*PROMPT, "--new"), 0)["reused"] is False
    assert len(house.ledger) == 3


def test_a_picture_that_is_gone_is_not_paid_again_unasked(stage: Stage, house: StandInHouse) -> None:
    first = expect(stage.tried(*PROMPT), 0)
    (stage.state / "generated-images" / first["output"].rpartition("/")[2]).unlink()
    document = expect(stage.tried(*PROMPT), 13, "pictures_gone")
    assert (document["next"]["argv"][-1], len(house.ledger)) == ("--new", 1)


@pytest.mark.parametrize("moment", ["answering", "fetching"])
def test_a_kill_loses_no_answer_that_came(
    moment: str, stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    """A kill before the answer leaves an unknown outcome; one while a link is fetched leaves the link."""
    if moment == "answering":
        service.plan_create(Plan(delay=20.0))
    else:
        service.plan_image(ImagePlan(as_url=True))
        service.plan_picture(Plan(fault=Fault.HANG))
    process = stage.start("run.py", "--json", *PROMPT)
    path = GENERATIONS if moment == "answering" else "/"
    host = HOST if moment == "answering" else "pictures.happy.example"
    eventually(lambda: house.recorder.requests_to(path, host=host))
    assert end(process, signal.SIGKILL).code == -signal.SIGKILL
    if moment == "answering":
        document = expect(stage.tried(*PROMPT), 10, "outcome_unknown_before")
        assert document["possible_charges"] == service.counted == 1
        return
    document = expect(stage.tried(*PROMPT), 0)
    assert on_disk(document["images"][0]) == service.pictures[0]
    assert (document["reused"], document["possible_charges"], len(house.ledger)) == (False, 1, 1)


def test_an_answer_that_came_whole_is_saved_though_the_journal_does_not_know_it(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    """The moment between an answer's last byte and the journal's next line, which no signal can be made to hit."""
    first = expect(stage.tried(*PROMPT), 0)
    stage.put({**stage.entries()[0], "state": "submitting", "charged": "unknown", "images": []})
    answer = Path(first["run_dir"]) / "answer.json"
    body = json.dumps({"data": [{"b64_json": base64.b64encode(service.pictures[0]).decode()}]})
    answer.write_text(body[:-9])
    expect(stage.tried(*PROMPT), 10, "outcome_unknown_before")
    answer.write_text(body)
    document = expect(stage.tried(*PROMPT), 0)
    assert on_disk(document["images"][0]) == service.pictures[0]
    assert (document["charged"], document["possible_charges"], len(house.ledger)) == ("yes", 1, 1)
    assert not answer.exists()


def test_sigterm_waits_for_the_answer_and_saves_it(
    stage: Stage, house: StandInHouse, service: OpenAiImagesService
) -> None:
    with answers_held(house, GENERATIONS) as answer:
        process = stage.start("run.py", "--json", *PROMPT)
        eventually(lambda: house.recorder.requests_to(GENERATIONS))
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        while b"Interrupted" not in process.stderr.readline():
            pass
        answer()
        document = expect(wait(process), 0)
    assert on_disk(document["images"][0]) == service.pictures[0]


def test_a_second_process_waits_for_the_first(stage: Stage, house: StandInHouse) -> None:
    with answers_held(house, GENERATIONS) as answer:
        process = stage.start("run.py", "--json", *PROMPT)
        eventually(lambda: house.recorder.requests_to(GENERATIONS))
        expect(stage.tried(*PROMPT, "--no-wait"), 14, "request_busy")
        waiting = stage.start("run.py", "--json", *PROMPT)
        answer()
        first, second = expect(wait(process), 0), expect(wait(waiting), 0)
    assert (second["reused"], second["local_id"], len(house.ledger)) == (True, first["local_id"], 1)


@pytest.mark.parametrize(
    ("image", "plan", "error"),
    [
        (ImagePlan(picture=b"<html>no picture</html>"), None, "picture_unusable"),
        (ImagePlan(picture=b"\x89PNG\r\n\x1a\n cut"), None, "picture_unusable"),
        (None, Plan(fields={"data": [{"b64_json": "***"}]}), "picture_unusable"),
        (ImagePlan(as_url=True), None, "link_expired"),
    ],
    ids=["html", "cut", "no base64", "expired link"],
)
def test_what_is_no_picture_is_charged_and_said(
    image: ImagePlan | None, plan: Plan | None, error: str, stage: Stage, service: OpenAiImagesService
) -> None:
    service.plan_image(*[image] if image else [])
    service.plan_create(*[plan] if plan else [])
    service.plan_picture(Plan(status=403))
    document = expect(stage.tried(*PROMPT), 13, error)
    assert (document["charged"], document["possible_charges"], document["images"]) == ("yes", 1, [])
    assert ".." not in expect(stage.tried(*PROMPT), 8, "task_failed_before")["error"]["message"]


def told(document: dict[str, Any]) -> str:
    return f"{document['error']['message']} {document['error']['hint']}"


def test_the_last_refusal_is_quoted_beside_the_open_charge(stage: Stage, service: OpenAiImagesService) -> None:
    service.plan_create(trouble(503), refusal(400, "moderation_blocked"))
    document = expect(stage.tried(*PROMPT), 10, "attempts_unclear")
    assert "moderation_blocked" in told(document)
    assert document["error"]["http_status"] == 400


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (trouble(500), "answer_unclear"),
        (Plan(body={"error": {"message": "overloaded", "code": "busy"}}), "answer_without_picture"),
    ],
    ids=["500", "200"],
)
def test_what_the_service_says_beside_an_open_charge_is_quoted(
    plan: Plan, error: str, stage: Stage, service: OpenAiImagesService
) -> None:
    service.plan_create(plan)
    assert "(overloaded)" in expect(stage.tried(*PROMPT, "--max-attempts", "1"), 10, error)["error"]["message"]
