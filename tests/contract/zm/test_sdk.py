"""OpenAI's own SDK makes the same requests as this skill: the simulated service accepts both, field by field."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import openai
import pytest

from tests.contract.zm.relay import KEY, Relay, Seen
from tests.contract.zm.stage import Stage, expect
from tests.providers import openai_images_rules as rules
from tests.providers.ledger import Ledger
from tests.providers.openai_images import OpenAiImagesService
from tests.providers.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.reply import Reply

GENERATIONS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "nothing but the size": ([], {}),
    "quality": (["--quality", "high"], {"quality": "high"}),
    "format and compression": (
        ["--format", "webp", "--compression", "80"],
        {"output_format": "webp", "output_compression": 80},
    ),
    "a transparent background": (["--background", "transparent"], {"background": "transparent"}),
    "moderation": (["--moderation", "low"], {"moderation": "low"}),
    "four images": (["--n", "4"], {"n": 4}),
    "everything": (
        ["--quality=low", "--format=jpeg", "--compression=0", "--background=opaque", "--moderation=auto", "--n=2"],
        {
            "quality": "low", "output_format": "jpeg", "output_compression": 0, "background": "opaque",
            "moderation": "auto", "n": 2,
        },
    ),
}  # fmt: skip
EDITS = {name: row for name, row in GENERATIONS.items() if "moderation" not in row[1]}
EDITS["input fidelity"] = (["--model=gpt-image-1.5", "--input-fidelity=high"], {"input_fidelity": "high"})
BASIC: dict[str, Any] = {"prompt": "a cup\nof tea 茶", "model": "gpt-image-2", "size": "1024x1536", "n": 1}


@pytest.fixture
def simulated() -> OpenAiImagesService:
    service = OpenAiImagesService(Ledger(), key=KEY)
    service.requires_idempotency_key = False  # the SDK sends none
    return service


@pytest.fixture
def relay(simulated: OpenAiImagesService) -> Iterator[Relay]:
    def choose(seen: Seen) -> Reply:
        return simulated.handle(as_request(seen))

    with Relay(choose=choose) as running:
        yield running


def as_request(seen: Seen) -> Request:
    return Request(
        host=seen.headers["host"], method=seen.method, target=seen.path, headers=seen.headers, body=seen.body
    )


def fields_of(seen: Seen) -> dict[str, Any]:
    """Return the fields of a request, each file as its field's name, its type and its bytes."""
    if seen.headers["content-type"] == "application/json":
        return dict(rules.check_generation(as_request(seen)).fields)
    parts = rules._parts(as_request(seen))
    files = [(name, kind, content) for name, file, kind, content in parts if file]
    return {"files": files, **{name: content for name, file, _, content in parts if not file}}


KINDS = {".png": "png", ".jpg": "jpeg", ".webp": "webp"}
CASES = [
    *((0, *row) for row in GENERATIONS.values()),
    *((references, *row) for references in (1, 3) for row in EDITS.values()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {' '.join(case[2])}")
def test_the_sdk_sends_the_same_request(
    case: tuple[int, list[str], dict[str, Any]], stage: Stage, relay: Relay, simulated: OpenAiImagesService
) -> None:
    references, words, options = case
    stage.provide(relay.provider)
    paths = [stage.picture(f"picture{ending}", kind) for ending, kind in list(KINDS.items())[:references]]
    flags = [word for path in paths for word in ("--image", str(path))]
    expect(stage.tried("--prompt", BASIC["prompt"], "--size", BASIC["size"], *flags, *words), 0)
    model = "gpt-image-1.5" if "input_fidelity" in options else BASIC["model"]
    answer = ask_sdk(relay, paths, {**BASIC, **options, "model": model})
    ours, theirs = relay.paid
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert fields_of(ours) == fields_of(theirs)
    for header in ("authorization", "accept"):
        assert ours.headers[header] == theirs.headers[header]
    assert ("idempotency-key" in ours.headers, "idempotency-key" in theirs.headers) == (True, False)
    assert simulated.complaints == []
    assert [base64.b64decode(row.b64_json) for row in answer.data] == simulated.pictures[-len(answer.data) :]


def ask_sdk(relay: Relay, paths: list[Path], arguments: dict[str, Any]) -> Any:
    client = openai.OpenAI(base_url=f"{relay.origin}/v1", api_key=KEY, max_retries=0)
    with client:
        if not paths:
            return client.images.generate(**arguments)
        files = [(path.name, path.read_bytes(), f"image/{KINDS[path.suffix]}") for path in paths]
        return client.images.edit(image=files[0] if len(files) == 1 else files, **arguments)


@pytest.mark.parametrize(
    "options",
    [
        {"quality": "max"}, {"output_compression": 80}, {"background": "transparent", "output_format": "jpeg"},
        {"n": 11}, {"size": "1000x1000"}, {"output_format": "gif"}, {"prompt": "x" * 32_001},
    ],
    ids=str,
)  # fmt: skip
def test_the_simulated_service_refuses_what_the_api_refuses(
    options: dict[str, Any], relay: Relay, simulated: OpenAiImagesService
) -> None:
    with pytest.raises(openai.BadRequestError):
        ask_sdk(relay, [], {**BASIC, **options})
    assert len(simulated.complaints) == 1
    assert len(simulated.ledger) == 0
