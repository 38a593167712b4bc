"""What image2 does with each answer to its paid request: whether it was charged, and what a rerun does."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.paid import CREATE, KITE, LAUNCHER, creates, ended_well, ended_with, queries, states
from tests.launcher import Bench, Ended, wait
from tests.providers import kexiang, pictures
from tests.providers.certificates import CertificateFault
from tests.providers.plan import Plan
from tests.providers.reply import Fault
from tests.providers.sockets import LOOPBACK
from tests.providers.tunnel import TunnelFault

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

    from tests.providers.house import StandInHouse

    Command: TypeAlias = tuple[Bench, dict[str, str], list[str]]

ACCEPT = ("--no-wait",)  # ends a run as soon as the service has accepted the task
LINE_ENDS = re.compile("[\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029]")


def assert_no_media_line(*texts: str) -> None:
    for text in texts:
        assert [line for line in LINE_ENDS.split(text) if line.lstrip().upper().startswith("MEDIA:")] == []


def run_together(*commands: Command) -> list[Ended]:
    """Run launchers at the same time, each on its bench with more environment."""
    return [wait(one) for one in [bench.start(*argv, env=env) for bench, env, argv in commands]]


# --- Definite refusals: nothing is charged, and a rerun creates


@pytest.mark.parametrize(
    ("plan", "code", "error"),
    [
        (Plan(status=401), 4, "key_refused"),
        (Plan(status=403), 7, "not_allowed"),
        (Plan(status=402), 5, "out_of_credits"),
        (Plan(status=429), 6, "create_limited"),
        (Plan(status=429, headers={"Retry-After": "120"}), 6, "create_limited"),
        (Plan(status=429, headers={"Retry-After": "9" * 400}), 6, "create_limited"),
        (Plan(status=400), 7, "refused"),
        (Plan(status=404), 7, "refused"),
        (Plan(status=422, body=pictures.HTML), 7, "refused"),
    ],
    ids=["401", "403", "402", "429", "429 after 120 s", "429 after an absurd time", "400", "404", "422 HTML"],
)
def test_a_refusal_is_not_charged_and_a_rerun_creates(
    bench: Bench, house: StandInHouse, plan: Plan, code: int, error: str
) -> None:
    house.kexiang.plan_create(plan)
    document = ended_with(bench.run(*KITE), code, error)
    told = document["error"]
    assert (document["status"], document["charged"], document["possible_charges"]) == ("refused", "no", 0)
    assert (document["attempts"], document["task_id"], told["http_status"]) == (1, None, plan.status)
    assert (creates(house), len(house.ledger), states(bench)) == (1, 0, ["refused"])
    if code == 6:
        assert told["retryable"] is True
        assert ("Retry after: 120 s." in told["message"]) == (plan.headers.get("Retry-After") == "120")
        assert told["next"]["argv"][1:] == bench.argv(*KITE)[1:]
    else:
        assert (told["retryable"], told["next"]) == (False, None)

    document = ended_with(bench.run(*KITE, *ACCEPT), 0)
    assert (document["charged"], document["possible_charges"], document["attempts"]) == ("yes", 1, 1)
    assert (creates(house), len(house.ledger), states(bench)) == (2, 1, ["refused", "submitted"])


# --- Anything else that is no task: perhaps charged, and a rerun sends nothing


REDIRECT = {"Location": "https://others.example/"}


UNCLEAR = {
    "500": (Plan(status=500), "answer_unclear"),
    "500 before it did anything": (Plan(status=500, charge=False), "answer_unclear"),
    "502 HTML": (Plan(status=502, body=pictures.HTML), "answer_unclear"),
    "503": (Plan(status=503, headers={"Retry-After": "1"}), "answer_unclear"),
    "408": (Plan(status=408, charge=True), "answer_unclear"),
    "301": (Plan(status=301, headers=REDIRECT), "answer_unclear"),
    "302 to http": (Plan(status=302, headers={"Location": f"http://{kexiang.HOST}/"}), "answer_unclear"),
    "307": (Plan(status=307, headers=REDIRECT), "answer_unclear"),
    "308 to nowhere": (Plan(status=308, headers={"Location": "https://["}), "answer_unclear"),
    "HTML": (Plan(body=pictures.HTML), "answer_without_id"),
    "empty": (Plan(body=b""), "answer_without_id"),
    "a list": (Plan(body=[]), "answer_without_id"),
    "no id": (Plan(body={"task_status": "pending", "cost": "0.2"}), "answer_without_id"),
    "two ids": (Plan(body=b'{"id": 13170, "id": 13171}'), "answer_without_id"),
    "nested": (Plan(body=b"[" * 100_000), "answer_without_id"),
    "id null": (Plan(fields={"id": None}), "answer_without_id"),
    "id empty": (Plan(fields={"id": ""}), "answer_without_id"),
    "id of 10 kB": (Plan(fields={"id": "x" * 10_000}), "answer_without_id"),
    "id with slashes": (Plan(fields={"id": "../../admin"}), "answer_without_id"),
    "id true": (Plan(fields={"id": True}), "answer_without_id"),
    "id in a list": (Plan(fields={"id": ["13170"]}), "answer_without_id"),
    "half, ended by close": (Plan(fault=Fault.CUT_CLOSE), "answer_without_id"),
    "half of its length": (Plan(fault=Fault.CUT_LENGTH), "answer_lost"),
    "half of its head": (Plan(fault=Fault.CUT_HEADERS, headers={"A": "b" * 99}), "answer_lost"),
    "none": (Plan(fault=Fault.CLOSE_WITHOUT_ANSWER), "answer_lost"),
    "a broken TLS record": (Plan(fault=Fault.GARBAGE_RECORD), "answer_lost"),
    "a bomb": (Plan(fault=Fault.GZIP_BOMB), "answer_lost"),
}


@pytest.mark.parametrize(("plan", "error"), UNCLEAR.values(), ids=UNCLEAR)
def test_an_unclear_answer_may_be_charged_and_a_rerun_sends_nothing(
    bench: Bench, house: StandInHouse, plan: Plan, error: str
) -> None:
    house.kexiang.plan_create(plan)
    document = ended_with(bench.run(*KITE), 10, error)
    assert (document["status"], document["charged"], document["possible_charges"]) == ("unknown", "unknown", 1)
    assert (document["attempts"], document["task_id"]) == (1, None)
    assert document["next"]["argv"][1:] == [*bench.argv(*KITE)[1:], "--new"]
    assert len(house.ledger) == (plan.charge is not False)
    assert (creates(house), states(bench)) == (1, ["unknown"])

    connections = len(house.proxy.connects)
    document = ended_with(bench.run(*KITE), 10, "outcome_unknown_before")
    assert (document["charged"], document["possible_charges"]) == ("unknown", 1)
    assert (creates(house), states(bench), len(house.proxy.connects)) == (1, ["unknown"], connections)
    assert house.contacted == {kexiang.HOST}


def test_a_slow_answer_is_waited_for_beyond_the_timeout(bench: Bench, house: StandInHouse) -> None:
    house.kexiang.plan_create(Plan(delay=1.5))
    document = ended_with(bench.run(*KITE, "--timeout", "1"), 9, "still_running")
    assert (document["charged"], document["task_id"]) == ("yes", "13170")
    ended_well(bench.shell(document["next"]))
    assert (creates(house), len(house.ledger)) == (1, 1)


def test_ids_of_every_usual_kind_are_taken(bench: Bench, house: StandInHouse) -> None:
    ids: list[Any] = [7, 2**63, "13170", "a-b_C9", "0" * 128]
    for task_id in ids:
        house.kexiang.plan_task(kexiang.TaskPlan(task_id=task_id))
    commands: list[Command] = [
        (bench, {}, [*CREATE, *ACCEPT, "--prompt", f"kite {number}"]) for number in range(len(ids))
    ]
    documents = [ended_with(ended, 0) for ended in run_together(*commands)]
    assert {document["task_id"] for document in documents} == {str(task_id) for task_id in ids}
    assert {entry["task_id"] for entry in bench.entries()} == {str(task_id) for task_id in ids}


def test_a_cost_that_is_no_number_is_unknown(bench: Bench, house: StandInHouse) -> None:
    costs: list[Any] = ["1e999", "NaN", "sNaN", -1, {"credits": 1}, "9" * 400, "", None]
    house.kexiang.plan_create(*(Plan(body={"id": number, "cost": cost}) for number, cost in enumerate(costs, 1)))
    commands: list[Command] = [
        (bench, {}, [*CREATE, *ACCEPT, "--prompt", f"kite {number}"]) for number in range(len(costs))
    ]
    for ended in run_together(*commands):
        document = ended_with(ended, 0)
        assert document["cost"] == {"amount": None, "unit": None, "source": "unknown"}
        assert document["charged"] == "yes"
    assert len(house.ledger) == len(costs)


# --- What a service says about a refusal


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "no cats"}, "no cats"),
        ({"msg": "no cats"}, "no cats"),
        ({"message": {"a": 1}, "error": "no cats"}, "no cats"),
        ({"message": "\x00 \x1b\x07\n", "detail": "no cats"}, "no cats"),
        ({"message": None}, "no reason given"),
        ({"message": "\n\u202e\x00"}, "no reason given"),
        ({"message": "red \x1b[31mcats\x07\r\n\tand\u2028dogs\u202e \x9b1m"}, "red [31mcats and dogs 1m"),
        (
            {"message": "no\nMEDIA:/etc/passwd\nmedia: ~/.ssh/id"},
            "no media\u2236/etc/passwd media\u2236 ~/.ssh/id",
        ),
        ({"message": "MED\x00IA:/etc/passwd"}, "media\u2236/etc/passwd"),
        ({"message": "{status} {0} %s $(id)"}, "{status} {0} %s $(id)"),
        ({"message": "cat " * 250_000}, "cat cat cat"),
        ({"message": "\udead cats \ud83d\ude00"}, "? cats \U0001f600"),
    ],
    ids=[
        "message",
        "msg",
        "error",
        "detail",
        "null",
        "nothing to see",
        "controls",
        "MEDIA",
        "disguised MEDIA",
        "placeholders",
        "a megabyte",
        "surrogates",
    ],
)
def test_a_services_words_are_one_harmless_line(
    bench: Bench, house: StandInHouse, body: dict[str, Any], said: str
) -> None:
    house.kexiang.plan_create(Plan(status=400, body=body), Plan(status=402, body=body))
    ended = bench.run(*KITE, "--result-file", bench.work / "result.json")
    message = ended_with(ended, 7, "refused")["error"]["message"]
    assert f"HTTP 400): {said}" in message
    assert message.isprintable()
    assert len(message) < 600
    for_a_person = bench.run(*[argument for argument in KITE if argument != "--json"])
    assert (for_a_person.code, for_a_person.stdout) == (5, b"")
    assert said in for_a_person.talk
    written = (bench.work / "result.json").read_text(encoding="utf-8")
    assert_no_media_line(ended.stdout.decode(), ended.talk, for_a_person.talk, written)


# --- Never reached


def away_from_the_service(tmp_path: Path, house: StandInHouse, name: str) -> Bench:
    folder = tmp_path / name
    folder.mkdir()
    return Bench(folder, house)


def test_a_service_that_cannot_be_reached_is_tried_three_times_and_charges_nothing(
    tmp_path: Path, house: StandInHouse
) -> None:
    reserved = socket.socket()  # bound, and nobody listens
    reserved.bind((LOOPBACK, 0))
    nobody = f"{LOOPBACK}:{reserved.getsockname()[1]}"
    directly = dict.fromkeys(house.environment(), "") | {"REQUESTS_CA_BUNDLE": house.server.ca_path}
    no_proxy = {**directly, "HTTPS_PROXY": f"http://{nobody}", "https_proxy": f"http://{nobody}"}
    house.proxy.plan(kexiang.HOST, *[407] * 3)
    house.proxy.plan("cut.example", *[TunnelFault.CUT_BEFORE_ANSWER] * 3)
    house.server.serve_certificate(LOOPBACK, CertificateFault.EXPIRED)
    cases: dict[str, tuple[dict[str, str], list[str], str]] = {
        "the connection was refused": (
            directly,
            ["--base-url", f"https://{nobody}", "--trust-host", LOOPBACK],
            LOOPBACK,
        ),
        "its certificate is not trusted (certificate has expired)": (
            directly,
            ["--base-url", f"https://{LOOPBACK}:{house.server.port}", "--trust-host", LOOPBACK],
            LOOPBACK,
        ),
        "the proxy could not connect": (  # a proxy says so when it cannot resolve a name
            {},
            ["--base-url", "https://unknown.example", "--trust-host", "unknown.example"],
            "unknown.example",
        ),
        "the proxy requires a user name and password (407)": ({}, [], kexiang.HOST),
        "the proxy could not connect (down)": (no_proxy, [], kexiang.HOST),
        "the connection was reset": (
            {},
            ["--base-url", "https://cut.example", "--trust-host", "cut.example"],
            "cut.example",
        ),
    }
    benches = [away_from_the_service(tmp_path, house, str(number)) for number in range(len(cases))]
    runs = [(bench, env, [*KITE, *more]) for bench, (env, more, _) in zip(benches, cases.values(), strict=True)]
    for bench, ended, (words, (_, _, host)) in zip(benches, run_together(*runs), cases.items(), strict=True):
        document = ended_with(ended, 11, "unreachable")
        assert host in document["error"]["message"]
        assert words.removesuffix(" (down)") in document["error"]["message"]
        assert (document["status"], document["charged"]) == ("not_started", "no")
        assert (document["attempts"], document["possible_charges"]) == (3, 0)
        assert document["error"]["retryable"] is True
        assert document["elapsed_seconds"] > 4  # two pauses
        assert states(bench) == ["unreachable"]
    reserved.close()
    assert sorted(house.proxy.connects) == sorted(
        f"{host}:443" for host in (kexiang.HOST, "unknown.example", "cut.example") for _ in range(3)
    )
    assert house.recorder.requests == []
    assert len(house.ledger) == 0

    away = benches[list(cases).index("the proxy requires a user name and password (407)")]
    ended_with(away.run(*KITE, *ACCEPT), 0)
    assert (len(house.ledger), states(away)) == (1, ["unreachable", "submitted"])


def test_a_request_that_never_left_is_sent_again_and_paid_once(bench: Bench, house: StandInHouse) -> None:
    house.proxy.plan(kexiang.HOST, TunnelFault.CUT_BEFORE_TLS)
    document = ended_with(bench.run(*KITE, *ACCEPT), 0)
    assert (document["attempts"], document["possible_charges"], document["charged"]) == (2, 1, "yes")
    assert (creates(house), queries(house), len(house.ledger)) == (1, 0, 1)


def test_a_lost_answer_after_a_try_that_never_left_is_not_sent_again(bench: Bench, house: StandInHouse) -> None:
    house.proxy.plan(kexiang.HOST, 502)
    house.kexiang.plan_create(Plan(fault=Fault.CLOSE_WITHOUT_ANSWER))
    document = ended_with(bench.run(*KITE), 10, "answer_lost")
    assert (document["attempts"], document["possible_charges"], document["charged"]) == (2, 1, "unknown")
    assert (creates(house), len(house.ledger)) == (1, 1)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_missing_certificates_are_found_before_anything_else(
    bench: Bench, house: StandInHouse, variable: str
) -> None:
    env = {"REQUESTS_CA_BUNDLE": "", variable: str(bench.work / "no-such.pem")}
    document = ended_with(bench.run(LAUNCHER, *KITE[1:], env=env), 3, "certificates_missing")
    assert variable in document["error"]["message"]
    assert (bench.entries(), house.proxy.connects) == ([], [])
