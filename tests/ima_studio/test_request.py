"""What may be asked for, and what is refused before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ima_studio.request import FLASH, ImageRequest, check_user_id, image_request

from shared.errors import BadInput
from shared.images.inputs import InputImage
from tests.providers.pictures import make_picture

if TYPE_CHECKING:
    from pathlib import Path

PLAIN: dict[str, Any] = {
    "task_type": "text_to_image",
    "prompt": "a cat",
    "model_id": FLASH,
    "version_id": None,
    "size": None,
    "extra_params": None,
    "inputs": (),
}


def made(**changes: Any) -> ImageRequest:
    return image_request(**{**PLAIN, **changes})


def test_defaults() -> None:
    assert made() == ImageRequest("text_to_image", "a cat", FLASH)


@pytest.mark.parametrize(
    ("given", "size", "applied"),
    [("512", "512", "512"), ("512px", "512", "512"), ("2k", "2K", "2K"), ("8k", "8K", "4K")],
)
def test_sizes_in_any_case(given: str, size: str, applied: str) -> None:
    assert (made(size=given).size, made(size=given).applied_size) == (size, applied)


def test_extra_parameters() -> None:
    request = made(extra_params='{"aspect_ratio":"16:9","n":2,"style":"vivid"}')
    assert (request.aspect_ratio, request.count, request.extra) == ("16:9", 2, (("style", "vivid"),))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"task_type": None}, "option_missing"),
        ({"task_type": "text_to_video"}, "not_one_of"),
        ({"model_id": "midjourney-v7"}, "not_one_of"),
        ({"model_id": ""}, "not_one_of"),
        ({"version_id": "../x"}, "version_id_invalid"),
        ({"version_id": ""}, "version_id_invalid"),
        ({"size": "3K"}, "not_one_of"),
        ({"size": ""}, "not_one_of"),
        ({"extra_params": ""}, "extra_params_no_json"),
        ({"extra_params": "[]"}, "extra_params_no_json"),
        ({"extra_params": "{'aspect_ratio':'1:1'}"}, "extra_params_no_json"),
        ({"extra_params": '{"n":1,"n":9}'}, "extra_params_no_json"),
        ({"extra_params": '{"style":{"a":1}}'}, "extra_params_no_json"),
        ({"extra_params": "[" * 100_000}, "extra_params_no_json"),
        ({"extra_params": '{"n":NaN}'}, "extra_params_no_json"),
        ({"extra_params": '{"aspect_ratio":"21:9"}'}, "not_one_of"),
        ({"extra_params": '{"aspect_ratio":""}'}, "not_one_of"),
        ({"extra_params": '{"n":0}'}, "not_a_number"),
        ({"extra_params": '{"n":11}'}, "not_a_number"),
        ({"extra_params": '{"n":true}'}, "not_a_number"),
        ({"extra_params": '{"n":"2"}'}, "not_a_number"),
        ({"extra_params": '{"n":1.0}'}, "not_a_number"),
        ({"extra_params": '{"size":"4K"}'}, "extra_params_size"),
        ({"extra_params": '{"prompt":"x"}'}, "extra_params_reserved"),
        ({"extra_params": '{"credit":0}'}, "extra_params_reserved"),
        ({"extra_params": '{"CAST":0}'}, "extra_params_reserved"),
        ({"extra_params": '{"attribute_id":1}'}, "extra_params_reserved"),
        ({"inputs": ("https://example.com/1.png",)}, "input_without_image_to_image"),
        ({"task_type": "image_to_image"}, "inputs_count"),
        ({"task_type": "image_to_image", "inputs": ("https://example.com/1.png",) * 15}, "inputs_count"),
    ],
)
def test_bad_input_is_named(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        made(**changes)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("http://example.com/1.png", "input_http"),
        ("HTTP://example.com/1.png", "input_http"),
        ("ftp://example.com/1.png", "url_refused"),
        ("file:///etc/passwd", "url_refused"),
        ("data:image/png;base64,AAAA", "url_refused"),
        ("https://user:word@example.com/1.png", "url_refused"),
        ("https://127.0.0.1/1.png", "url_refused"),
        ("https://[::1]/1.png", "url_refused"),
        ("https://169.254.169.254/latest", "url_refused"),
        ("https://10.0.0.1/1.png", "url_refused"),
        ("https://localhost/1.png", "url_refused"),
        ("https://example.com\\@evil.example/1.png", "url_refused"),
        ("https://example.com/a b.png", "url_refused"),
        ("https://0x7f000001/1.png", "url_refused"),
        ("https:///1.png", "url_refused"),
        ("https://example.com:99999/1.png", "url_refused"),
    ],
)
def test_an_input_address_must_be_public_and_encrypted(given: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        made(task_type="image_to_image", inputs=(given,))
    assert caught.value.code == code


def test_inputs_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(make_picture("png", 8, 6, 1))
    inputs = ("https://example.com/1.png", str(tmp_path / "a.png"))
    request = made(task_type="image_to_image", inputs=inputs)
    assert request.inputs[0] == inputs[0]
    assert isinstance(request.inputs[1], InputImage)
    assert request.files == (request.inputs[1],)


@pytest.mark.parametrize(
    "given", ["ou_7d8a", "U024BE7LH", "telegram:12345", "123456@c.us", "a", "+4917012345", "a" * 128]
)
def test_user_ids(given: str) -> None:
    assert check_user_id(given) == given


@pytest.mark.parametrize(
    "given", ["", "../x", "/etc/passwd", "a/b", "a\\b", "a..b", ".hidden", "{user_id}", "a\nb", "a" * 129, "猫"]
)
def test_ids_that_look_like_paths_are_refused(given: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_user_id(given)
    assert caught.value.code == "user_id_invalid"
