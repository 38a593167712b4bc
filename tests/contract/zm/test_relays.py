"""What relays answer: an image is found in any shape, a refusal is told for what it is, under any status."""

from __future__ import annotations

import base64
import errno
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai_images.response import framing
from openai_images.run_folder import RunFolder

from tests.contract.zm.relay import IMAGE, KEY, OTHER_IMAGE, Relay
from tests.contract.zm.stage import expect, on_disk
from tests.providers.openai_images import padded
from tests.providers.pictures import HTML, make_picture
from tests.providers.reply import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.zm.relay import Seen
    from tests.contract.zm.stage import Stage

PROMPT = ("--prompt", "a red kite")
B64 = base64.b64encode(IMAGE).decode()
LARGE = base64.b64encode(padded(IMAGE, 40_000)).decode()
DATA_URL = f"data:image/png;base64,{B64}"
DRAFT = base64.b64encode(make_picture("png", 8, 8, 9)).decode()


def events(*documents: Any, names: bool = True) -> bytes:
    named = "".join(
        (f"event: {document['type']}\n" if names else "") + f"data: {json.dumps(document)}\n\n"
        for document in documents
    )
    return f": hello\n\n{named}data: [DONE]\n\n".encode()


def chunk(content: str) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": content}}]}


PARTIAL = {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": DRAFT}
COMPLETED = {"type": "image_generation.completed", "b64_json": B64, "usage": {"total_tokens": 7}}
CALL = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": B64}
SHAPES: dict[str, Any] = {
    "images": {"images": [{"b64_json": B64}]},
    "a single object": {"data": {"b64_json": B64}},
    "an envelope": {"code": 0, "message": "success", "data": {"data": [{"b64_json": B64}]}},
    "a list at the top": [{"b64_json": B64}],
    "a list of strings": {"images": [B64]},
    "the second row": {"data": [{"revised_prompt": "x"}, {"b64_json": B64}]},
    "a row that is null": {"data": [None, {"b64_json": B64}]},
    "an empty row before": {"data": [{"b64_json": "", "url": ""}, {"b64_json": B64}]},
    "image": {"image": B64},
    "b64": {"data": [{"b64": B64}]},
    "image_url": {"data": [{"image_url": {"url": DATA_URL}}]},
    "image_url as text": {"image_url": DATA_URL},
    "output": {"output": [DATA_URL]},
    "a response": {"id": "resp_1", "object": "response", "output": [{"type": "reasoning", "summary": []}, CALL]},
    "a data URL as link": {"data": [{"url": DATA_URL}]},
    "without padding": {"data": [{"b64_json": B64.rstrip("=")}]},
    "the alphabet of URLs": {"data": [{"b64_json": base64.urlsafe_b64encode(IMAGE).decode()}]},
    "lines": {"data": [{"b64_json": base64.encodebytes(IMAGE).decode()}]},
    "Gemini": {"candidates": [{"content": {"parts": [{"text": "Here."}, {"inlineData": {"data": B64}}]}}]},
    "a chat": {"choices": [{"message": {"role": "assistant", "content": f"Here: ![image]({DATA_URL}) Enjoy."}}]},
    "a chat with images": {
        "choices": [{"message": {"content": "", "images": [{"image_url": {"url": DATA_URL}}]}}]
    },
    "a chat of parts": {
        "choices": [{"message": {"content": [{"type": "image_url", "image_url": {"url": DATA_URL}}]}}]
    },
    "JSON in a string": {"data": json.dumps({"images": [{"b64_json": B64}]})},
    "unknown names": {"ergebnis": {"bild": {"inhalt": B64}}},
    "beside an error that is null": {"error": None, "data": [{"b64_json": B64}]},
    "beside a warning": {"error": {"message": "slow"}, "data": [{"b64_json": B64}]},
}
FRAMES: dict[str, bytes] = {
    "whitespace before": b"\r\n \t\n" + json.dumps({"data": [{"b64_json": B64}]}).encode(),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps({"data": [{"b64_json": B64}]}).encode(),
    "both": b"\n\xef\xbb\xbf\n" + json.dumps({"data": [{"b64_json": B64}]}).encode(),
    "events": events(PARTIAL, COMPLETED),
    "events without names": events(PARTIAL, COMPLETED, names=False),
    "an edit's events": events({"type": "image_edit.completed", "b64_json": B64}),
    "one event with the usual answer": b"data: " + json.dumps({"data": [{"b64_json": B64}]}).encode() + b"\n\n",
    "an event without an end": b"data: " + json.dumps({"data": [{"b64_json": B64}]}).encode(),
    "events with CRLF": events(PARTIAL, COMPLETED).replace(b"\n", b"\r\n"),
    "a response's events": events({"type": "response.output_item.done", "item": CALL},
                                  {"type": "response.completed", "response": {"output": [CALL]}}),
    "a chat's events": events(
        *map(chunk, ("Here: ![im", "age](data:image/png;ba", f"se64,{B64[:50]}", f"{B64[50:]})")), names=False),
    "comments before": b": keep-alive\n\n: keep-alive\n\n" + json.dumps({"data": [{"b64_json": B64}]}).encode(),
    "lines of JSON": f'{json.dumps({"status": "working"})}\n{json.dumps({"image": B64})}\n'.encode(),
    "the image itself": IMAGE,
    "its base64": B64.encode() + b"\n",
    "its data URL": DATA_URL.encode(),
    "broken JSON": b"{'data': [{\"b64_json\": \"" + LARGE.encode() + b'"},]}',
    "not a number": b'{"seed": NaN, "data": [{"b64_json": "' + LARGE.encode() + b'"}]}',
    "a large chat": json.dumps(
        {"choices": [{"message": {"content": f"Look:\n\n![image](data:image/png;base64,{LARGE})\n\n[more](https://a.example)"}}]}
    ).encode(),
    "a large chat, slashes escaped": json.dumps(
        {"choices": [{"message": {"content": f"![image](data:image/png;base64,{LARGE})"}}]}
    ).replace("/", "\\/").encode(),
    "large JSON in a string": json.dumps({"data": json.dumps([{"b64_json": LARGE}])}).encode(),
    "large JSON in a string in a string": json.dumps(
        {"result": json.dumps({"data": json.dumps({"images": [LARGE]})})}
    ).encode(),
}  # fmt: skip


@pytest.fixture
def relay(stage: Stage) -> Iterator[Relay]:
    with Relay() as standing:
        stage.provide(standing.provider)
        yield standing


def told(document: dict[str, Any]) -> str:
    return f"{document['error']['message']} {document['error']['hint']}"


def saved(document: dict[str, Any], relay: Relay) -> bytes:
    assert (document["possible_charges"], document["charged"], len(relay.paid)) == (1, "yes", 1)
    return on_disk(document["images"][0])


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_an_image_is_found_in_any_shape(body: Any, stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply(body)]
    assert saved(expect(stage.tried(*PROMPT), 0), relay) == IMAGE


@pytest.mark.parametrize("body", FRAMES.values(), ids=FRAMES)
def test_an_image_is_found_in_any_framing(body: bytes, stage: Stage, relay: Relay) -> None:
    relay.answers = [Reply(body=body)]
    image = saved(expect(stage.tried(*PROMPT), 0), relay)
    assert image in (IMAGE, base64.b64decode(LARGE))


@pytest.mark.parametrize("status", [201, 202, 206, 400, 500, 503])
def test_an_image_in_hand_counts_more_than_its_status(status: int, stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply({"data": [{"b64_json": B64}]}, status)]
    assert saved(expect(stage.tried(*PROMPT), 0), relay) == IMAGE


@pytest.mark.parametrize(
    "link", ["{origin}/x.png", "/x.png", "x.png", "//{host}/x.png", "http://localhost:{port}/x.png"]
)
@pytest.mark.parametrize("shape", ["row", "chat", "string"])
def test_a_link_on_the_providers_own_origin_is_fetched(link: str, shape: str, stage: Stage, relay: Relay) -> None:
    host = relay.origin.removeprefix("http://")
    url = link.format(origin=relay.origin, host=host, port=host.rpartition(":")[2])
    relay.files = dict.fromkeys(("/x.png", "/v1/x.png"), Reply(body=IMAGE))
    shapes: dict[str, Any] = {
        "row": {"data": [{"url": url}]},
        "chat": {"choices": [{"message": {"content": f"![image]({url})"}}]},
        "string": {"data": [url]},
    }
    relay.answers = [json_reply(shapes[shape])]
    document = expect(stage.tried(*PROMPT), 0)
    assert saved(document, relay) == IMAGE
    assert KEY not in str(relay.requests[-1].headers)


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:1/x.png", "http://10.0.0.8/x.png", "https://192.168.1.5/x.png", "http://metadata/x.png",
             "http://pictures.example/x.png"]
)  # fmt: skip
def test_another_private_link_is_refused_and_nothing_offers_to_pay_for_the_same_end(
    link: str, stage: Stage, relay: Relay
) -> None:
    relay.answers = [json_reply({"data": [{"url": link}]})]
    for _ in range(2):
        document = expect(stage.tried(*PROMPT), 13, "link_refused")
        assert (document["next"], document["error"]["next"], len(relay.paid)) == (None, None, 1)
    assert "--new" not in told(document)
    assert link in (Path(document["run_dir"]) / "answer.json").read_text()


def test_a_link_that_redirects_elsewhere_inside_is_refused(stage: Stage, relay: Relay) -> None:
    relay.files = {"/x.png": Reply(status=302, headers={"Location": "http://127.0.0.1:1/y.png"})}
    relay.answers = [json_reply({"data": [{"url": "/x.png"}]})]
    expect(stage.tried(*PROMPT), 13, "link_refused")


def test_several_images_are_all_saved_and_the_first_is_the_result(stage: Stage, relay: Relay) -> None:
    other = base64.b64encode(OTHER_IMAGE).decode()
    relay.answers = [json_reply({"data": [{"b64_json": B64}, {"b64_json": other}, {"b64_json": B64}]})]
    document = expect(stage.tried(*PROMPT), 0)
    assert [on_disk(row) for row in document["images"]] == [IMAGE, OTHER_IMAGE]
    assert document["output"] == document["images"][0]["path"]
    again = expect(stage.tried(*PROMPT, "--output-dir", "elsewhere"), 0)
    assert [on_disk(row) for row in again["images"]] == [IMAGE, OTHER_IMAGE]
    assert (again["reused"], len(relay.paid)) == (True, 1)


def test_three_hundred_images_are_not_all_saved_and_that_is_said(stage: Stage, relay: Relay) -> None:
    rows = [{"b64_json": base64.b64encode(make_picture("png", 8, 8, seed)).decode()} for seed in range(300)]
    relay.answers = [json_reply({"data": rows})]
    ended = stage.tried(*PROMPT)
    document = expect(ended, 0)
    assert len(document["images"]) == 10
    assert "290 more" in ended.talk
    assert (Path(document["run_dir"]) / "answer.json").exists()


def test_a_draft_alone_is_saved_and_called_one(stage: Stage, relay: Relay) -> None:
    relay.answers = [Reply(body=events(PARTIAL))]
    ended = stage.tried(*PROMPT)
    assert on_disk(expect(ended, 0)["images"][0]) == base64.b64decode(DRAFT)
    assert "only a preview" in ended.talk


def test_a_draft_before_an_error_is_not_the_image(stage: Stage, relay: Relay) -> None:
    error = {"type": "error", "error": {"message": "broken off", "code": "server_error"}}
    relay.answers = [Reply(body=events(PARTIAL, error))]
    document = expect(stage.tried(*PROMPT), 10, "answer_without_picture")
    assert "broken off" in document["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"images": ["QUJDRA==" * 200]},
        {"odd": {"deep": ["A" * 500]}},
        {"message": "here: " + "QUJD" * 200},
        b"data: " + b"QUJD" * 500,
        b'{"data": "' + b"QUJD" * 200,
        gzip.compress(json.dumps({"data": [{"b64_json": B64}]}).encode()),
        b"--b\r\nContent-Type: image/png\r\n\r\n" + IMAGE + b"\r\n--b--\r\n",
        '{"message": "done"}'.encode("utf-16"),
    ],
    ids=["list", "deep", "message", "event", "broken", "compressed", "a form", "UTF-16"],
)
def test_what_holds_no_image_is_kept_named_and_never_quoted(body: Any, stage: Stage, relay: Relay) -> None:
    reply = Reply(body=body) if isinstance(body, bytes) else json_reply(body)
    relay.answers = [reply]
    ended = stage.tried(*PROMPT)
    document = expect(ended, 10, "answer_without_picture")
    kept = Path(document["run_dir"]) / "answer.json"
    assert str(kept) in document["error"]["message"]
    assert kept.read_bytes() == reply.body
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "QUJDQUJD" not in ended.talk + ended.stdout.decode()
    assert "A" * 60 not in ended.talk + ended.stdout.decode()
    assert "\N{REPLACEMENT CHARACTER}" not in ended.talk + ended.stdout.decode()


def test_one_yes_is_one_request(stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply({"data": []})]
    document = expect(stage.tried(*PROMPT), 10, "answer_without_picture")
    for paid in (2, 3):
        argv = document["next"]["argv"]
        assert argv[-2:] == ["--on-unknown", "retry"]
        document = expect(stage.run("run.py", *argv[2:]), 10, "answer_without_picture")
        assert (document["possible_charges"], len(relay.paid)) == (paid, paid)
    assert len(list(Path(document["run_dir"]).glob("answer*.json"))) == 3


def test_one_yes_is_one_request_whatever_it_ends_in(stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply({"data": []}), json_reply({"error": {"message": "busy"}}, 503)]
    argv = expect(stage.tried(*PROMPT), 10)["next"]["argv"]
    document = expect(stage.run("run.py", *argv[2:]), 10, "answer_unclear")
    assert (document["possible_charges"], len(relay.paid)) == (2, 2)


NO_CHANNEL = {
    "error": {
        "message": "No available channel for model gpt-image-2 under group default (distributor)",
        "type": "new_api_error",
        "code": "model_not_found",
    }
}


@pytest.mark.parametrize("status", [200, 400, 404, 429, 500, 503])
@pytest.mark.parametrize(
    ("body", "end"),
    [
        (NO_CHANNEL, (7, "model_refused")),
        ({"error": {"message": "当前分组 default 下对于模型 gpt-image-2 无可用渠道"}}, (7, "model_refused")),
        ({"error": {"message": "no", "code": "insufficient_user_quota"}}, (5, "out_of_credits")),
        ({"error": {"message": "token quota", "code": "pre_consume_token_quota_failed"}}, (5, "out_of_credits")),
        ({"code": "insufficient_quota", "message": "You exceeded your current quota"}, (5, "out_of_credits")),
        ({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, (4, "key_refused")),
        ({"error": "invalid_api_key: revoked"}, (4, "key_refused")),
    ],
    ids=["no channel", "no channel in words", "user quota", "token quota", "quota", "key", "code before words"],
)  # fmt: skip
def test_a_proof_that_nothing_was_done_decides_before_the_status(
    status: int, body: Any, end: tuple[int, str], stage: Stage, relay: Relay
) -> None:
    relay.answers = [json_reply(body, status)]
    document = expect(stage.tried(*PROMPT), *end)
    assert (document["possible_charges"], document["charged"], len(relay.paid)) == (0, "no", 1)


@pytest.mark.parametrize("status", [408, 500, 502, 503])
@pytest.mark.parametrize("code", ["moderation_blocked", "CONTENT_POLICY_VIOLATION"])
def test_a_refusal_of_the_content_is_not_sent_again_under_any_status(
    code: str, status: int, stage: Stage, relay: Relay
) -> None:
    relay.answers = [json_reply({"error": {"message": "rejected by the safety system", "code": code}}, status)]
    document = expect(stage.tried(*PROMPT), 10, "answer_unclear")
    assert (document["possible_charges"], document["charged"], len(relay.paid)) == (1, "unknown", 1)
    assert document["error"]["provider_code"] == code


def test_a_batch_of_three_sends_no_nine(stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply(NO_CHANNEL, 503)]
    name = stage.save("b.json", {"tasks": [{"prompt": f"kite {number}"} for number in range(3)], "max_workers": 1})
    document = expect(stage.run("batch_run.py", name, "--json"), 8)
    assert (document["possible_charges"], len(relay.paid)) == (0, 3)


def test_a_batch_with_a_refused_key_says_to_mend_it(stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply({"error": {"message": "no", "code": "invalid_api_key"}}, 401)]
    name = stage.save("b.json", {"tasks": [{"prompt": f"kite {number}"} for number in range(3)], "max_workers": 1})
    document = expect(stage.run("batch_run.py", name, "--json"), 4, "batch_stopped_by_key")
    assert (document["next"], len(relay.paid)) == (None, 1)
    place = f"models.providers.happy.apiKey in {stage.state / 'openclaw.json'}"
    assert place in document["error"]["hint"]
    assert document["proof"]["acceptable"] is False
    single = expect(stage.tried("--prompt", "one kite"), 4, "key_refused")
    assert place in single["error"]["hint"]


def test_a_batch_with_an_empty_account_ends_with_exit_5(stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply({"error": {"message": "no", "code": "insufficient_quota"}}, 429)]
    name = stage.save("b.json", {"tasks": [{"prompt": f"kite {number}"} for number in range(3)], "max_workers": 1})
    document = expect(stage.run("batch_run.py", name, "--json"), 5, "batch_stopped_by_credits")
    assert (document["charged"], document["possible_charges"], len(relay.paid)) == ("no", 0, 1)
    assert "the provider happy" in document["error"]["hint"]
    assert document["next"]["argv"][-2:] == ["@b.json", "--json"]


KEY_REFUSED = json_reply({"error": {"message": "no", "code": "invalid_api_key"}}, 401)
NO_CREDITS = json_reply({"error": {"message": "no", "code": "insufficient_quota"}}, 402)
NO_SUCH_PATH = json_reply({"error": {"message": "Invalid URL (POST /v1/x)"}}, 404)


@pytest.mark.parametrize(
    ("answer", "end", "hint"),
    [
        (KEY_REFUSED, (4, "queue_stopped_by_key"), "models.providers.happy.apiKey"),
        (NO_CREDITS, (5, "queue_stopped_by_credits"), "the provider happy"),
        (NO_SUCH_PATH, (8, "queue_stopped_by_address"), "models.providers.happy.baseUrl"),
    ],
    ids=["key", "credits", "address"],
)
def test_a_queue_stops_at_what_every_further_task_would_meet(
    answer: Reply, end: tuple[int, str], hint: str, stage: Stage, relay: Relay
) -> None:
    relay.answers = [answer]
    tasks = [{"task_key": f"k{number}", "prompt": f"kite {number}"} for number in range(4)]
    name = stage.save("q.json", {"tasks": tasks, "max_workers": 1})
    document = expect(stage.run("image_queue.py", "run", name, "--json"), *end)
    assert len(relay.paid) == 1
    assert [row["status"] for row in document["results"]] == ["failed", "cancelled", "cancelled", "cancelled"]
    assert {(row["provider"], row["model"]) for row in document["results"]} == {("happy", "gpt-image-2")}
    assert (document["charged"], document["possible_charges"]) == ("no", 0)
    assert document["proof"]["acceptable"] is False
    assert hint in document["error"]["hint"]
    assert str(stage.state / "openclaw.json") in document["error"]["hint"]
    expect(stage.run("image_queue.py", "status", "--json"), 8, "queue_status_incomplete")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "Your organization must be verified to use the model `gpt-image-2`."}}, "Verify"),
        ({"error": {"message": "request blocked by content policy"}}, "prompt"),
        (b"<!doctype html><title>Attention Required! | Cloudflare</title>", "firewall"),
        ({"error": {"message": "forbidden"}}, "permission"),
    ],
    ids=["organization", "content", "firewall", "other"],
)
def test_403_is_not_the_key(body: Any, words: str, stage: Stage, relay: Relay) -> None:
    relay.answers = [Reply(status=403, body=body) if isinstance(body, bytes) else json_reply(body, 403)]
    document = expect(stage.tried(*PROMPT), 7, "not_allowed")
    assert words in document["error"]["hint"]
    assert (document["possible_charges"], len(relay.paid)) == (0, 1)


PAGE = Reply(body=b"<!doctype html><html><title>New API</title></html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("answer", "models"),
    [
        (json_reply({"error": {"message": "Invalid URL (POST /images/generations)", "type": "x"}}, 404), None),
        (json_reply({"detail": "Not Found"}, 404), None),
        (Reply(status=404, body=b"404 page not found"), None),
        (Reply(status=404, body=HTML), None),
        (Reply(status=405, body=b""), None),
        (PAGE, PAGE),
    ],
    ids=["invalid URL", "detail", "text", "page", "405", "page with 200"],
)
def test_an_address_that_is_no_api(answer: Reply, models: Reply | None, stage: Stage, relay: Relay) -> None:
    relay.answers, relay.models = [answer], models or relay.models
    document = expect(stage.tried(*PROMPT), 7, "address_wrong")
    assert "ends in /v1" in document["error"]["hint"]
    assert (document["possible_charges"], document["charged"], len(relay.paid)) == (0, "no", 1)


def test_a_page_from_an_api_may_have_been_paid(stage: Stage, relay: Relay) -> None:
    relay.answers = [PAGE]
    document = expect(stage.tried(*PROMPT), 10, "answer_without_picture")
    assert "ends in /v1" in document["error"]["message"]


def field_of(request: Seen) -> bytes:
    return b'name="image[]"' if b'name="image[]"' in request.body else b'name="image"'


def test_a_single_reference_goes_as_image_and_several_as_a_list(stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply({"data": [{"b64_json": B64}]})]
    first, second = stage.picture("a.png"), stage.picture("b.png", seed=2)
    expect(stage.tried(*PROMPT, "--image", first), 0)
    expect(stage.tried(*PROMPT, "--image", first, "--image", second), 0)
    assert [field_of(request) for request in relay.paid] == [b'name="image"', b'name="image[]"']


@pytest.mark.parametrize(("count", "only"), [(1, b'name="image[]"'), (2, b'name="image"')])
def test_a_server_that_knows_the_other_name_gets_it_once(
    count: int, only: bytes, stage: Stage, relay: Relay
) -> None:
    missing = {"detail": [{"loc": ["body", "image"], "msg": "Field required", "type": "missing"}]}

    def choose(request: Seen) -> Reply:
        known = field_of(request) == only
        return json_reply({"data": [{"b64_json": B64}]}) if known else json_reply(missing, 422)

    relay.choose = choose
    flags = [word for seed in range(count) for word in ("--image", stage.picture(f"{seed}.png", seed=seed + 1))]
    document = expect(stage.tried(*PROMPT, *flags, "--max-attempts", "1"), 0)
    assert (document["attempts"], document["possible_charges"], len(relay.paid)) == (2, 1, 2)
    assert len({request.headers["idempotency-key"] for request in relay.paid}) == 1


def test_a_server_that_knows_neither_name_is_asked_twice_at_most(stage: Stage, relay: Relay) -> None:
    relay.answers = [json_reply({"error": {"message": "image is required"}}, 400)]
    document = expect(stage.tried(*PROMPT, "--image", stage.picture("a.png")), 7, "refused")
    assert (document["possible_charges"], len(relay.paid)) == (0, 2)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "HEIC; convert it to JPEG"),
        (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "AVIF; convert"),
        (b"just words", "PNG, JPEG or WebP"),
    ],
    ids=["HEIC", "AVIF", "words"],
)
def test_a_reference_of_another_format_is_called_by_its_name(
    head: bytes, words: str, stage: Stage, relay: Relay
) -> None:
    path = stage.work / "photo.jpg"
    path.write_bytes(head + bytes(100))
    assert words in expect(stage.tried(*PROMPT, "--image", path), 2)["error"]["message"]
    assert relay.requests == []


def test_an_image_that_is_whole_in_a_cut_answer_is_saved(stage: Stage, relay: Relay) -> None:
    body = json.dumps({"data": [{"b64_json": LARGE}, {"b64_json": LARGE}]}).encode()
    relay.answers = [Reply(body=body[:-5000], headers={"Content-Length": str(len(body))})]
    document = expect(stage.tried(*PROMPT), 0)
    assert saved(document, relay) == base64.b64decode(LARGE)


def test_a_full_disk_before_the_request_sends_nothing(
    stage: Stage, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_: RunFolder) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "spool", no_room)
        document = expect(stage.tried(*PROMPT), 12, "disk_failed")
    assert (document["possible_charges"], document["charged"], relay.requests) == (0, "no", [])
    relay.answers = [json_reply({"data": [{"b64_json": B64}]})]
    assert saved(expect(stage.tried(*PROMPT), 0), relay) == IMAGE


def test_a_refusal_before_more_than_is_read_proves_nothing(
    stage: Stage, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"error": {"message": "no", "code": "insufficient_quota"}}
    body = events(refused, *[{"type": "progress"}] * 20, COMPLETED, names=False)
    relay.answers = [Reply(body=body)]
    monkeypatch.setattr(framing, "MAX_EVENTS", 10)
    document = expect(stage.tried(*PROMPT), 10, "answer_without_picture")
    assert (document["possible_charges"], len(relay.paid)) == (1, 1)
    (kept,) = stage.folder.rglob("answer*.json")
    assert B64.encode() in kept.read_bytes()
