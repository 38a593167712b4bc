"""Payloads out, images in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from openai_images import wire
from openai_images.request import ImageRequest
from openai_images.response.extraction import FoundImage, find_images
from openai_images.response.framing import Content
from openai_images.response.image_source import Link

from shared.images.inputs import InputImage

REQUEST = ImageRequest("a cup\nof tea", "gpt-image-2", "1024x1536")
REFERENCES = tuple(
    InputImage(Path(f"/home/me/my {kind}"), f"image/{kind}", 1, 1, 3, "0" * 64) for kind in ("png", "jpeg", "webp")
)


def test_the_body_of_a_generation() -> None:
    assert wire.generation_body(REQUEST) == {
        "model": "gpt-image-2",
        "prompt": "a cup\nof tea",
        "size": "1024x1536",
        "n": 1,
    }


def test_the_parts_of_an_edit_tell_no_path() -> None:
    form = b'Content-Disposition: form-data; name="'
    request = ImageRequest(REQUEST.prompt, REQUEST.model, REQUEST.size, REFERENCES)
    parts = wire.edit_parts(request, wire.field_name(len(REFERENCES)))
    assert parts[:4] == [
        (form + b'model"\r\n\r\n', b"gpt-image-2"),
        (form + b'prompt"\r\n\r\n', b"a cup\nof tea"),
        (form + b'size"\r\n\r\n', b"1024x1536"),
        (form + b'n"\r\n\r\n', b"1"),
    ]
    heads = [
        form + b'image[]"; filename="reference-1.png"\r\nContent-Type: image/png\r\n\r\n',
        form + b'image[]"; filename="reference-2.jpg"\r\nContent-Type: image/jpeg\r\n\r\n',
        form + b'image[]"; filename="reference-3.webp"\r\nContent-Type: image/webp\r\n\r\n',
    ]
    assert parts[4:] == list(zip(heads, range(3), strict=True))


OPTIONS: dict[str, str | int] = {
    "quality": "high",
    "output_format": "webp",
    "output_compression": 80,
    "background": "transparent",
    "moderation": "low",
    "input_fidelity": "high",
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_sent_under_the_name_of_the_api_and_alone(name: str) -> None:
    request = ImageRequest("a cup", "gpt-image-2", "auto", api_options={name: OPTIONS[name]})
    basic = {"model": "gpt-image-2", "prompt": "a cup", "size": "auto", "n": 1}
    assert wire.generation_body(request) == {**basic, name: OPTIONS[name]}
    form = wire.edit_parts(
        ImageRequest("a cup", "gpt-image-2", "auto", REFERENCES, {name: OPTIONS[name]}), "image[]"
    )
    head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
    assert form[3] == (head, str(OPTIONS[name]).encode())
    assert len(form) == 5 + len(REFERENCES)


def test_the_number_of_images_is_sent_once_and_always() -> None:
    for count, options in ((1, {}), (10, {"n": 10})):
        request = ImageRequest("a cup", "gpt-image-2", "auto", REFERENCES, options)
        assert wire.generation_body(request)["n"] == count
        heads = [content for head, content in wire.edit_parts(request, "image[]") if b'name="n"' in head]
        assert heads == [str(count).encode()]


def test_what_the_service_applied_is_read_off_its_answer() -> None:
    row = {"url": "https://a.example/x"}
    named = {"size": "1024x1024", "quality": "high", "background": "opaque", "output_format": "png"}
    assert delivered({"data": [row], **named}).applied == named
    assert delivered({"code": 0, "data": {"data": [row], **named}}).applied == named
    odd = {"size": 7, "quality": "", "background": "x" * 41, "output_format": "a\nb", "moderation": "low"}
    assert delivered({"data": [row], **odd}).applied == {}


def test_a_single_reference_goes_as_openais_own_sdk_sends_it() -> None:
    request = ImageRequest(REQUEST.prompt, REQUEST.model, REQUEST.size, REFERENCES[:1])
    head, content = wire.edit_parts(request, wire.field_name(1))[-1]
    assert head.startswith(b'Content-Disposition: form-data; name="image"; filename="reference-1.png"\r\n')
    assert content == 0


def delivered(document: Any) -> wire.Delivered:
    content = Content([document])
    return wire.to_delivered(content, find_images(io.BytesIO(), content), "req_1")


def test_an_image_and_what_was_said_with_it() -> None:
    image = "data:image/png;base64," + "A" * 80
    row = {"b64_json": image, "revised_prompt": "r", "more": "B" * 90}
    result = delivered({"created": 1, "data": [row], "usage": {"total_tokens": 7}})
    assert (result.images, result.request_id) == ((FoundImage((image,)),), "req_1")
    assert result.cost == {"amount": 7.0, "unit": "tokens", "source": "charged"}
    assert result.document["data"] == [{"b64_json": None, "revised_prompt": "r", "more": None}]


@pytest.mark.parametrize("total", [None, True, -1, "7", float("nan"), float("inf")])
def test_a_cost_that_is_none(total: Any) -> None:
    result = delivered({"data": [{"url": "https://a.example/x"}], "usage": {"total_tokens": total}})
    assert (result.images[0].sources, result.cost) == ((Link("https://a.example/x"),), None)
