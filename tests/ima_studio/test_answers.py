"""Any answer of IMA: the readers and the resolver raise only known errors, and no id is lost."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ima_studio import wire
from ima_studio.model_list import rows
from ima_studio.pricing import choose, resolve, smaller
from ima_studio.products import read_products
from ima_studio.request import FLASH, SIZES, ImageRequest
from ima_studio.task_status import read_task

from shared.errors import BadInput, InvalidRequest, OutcomeUnknown, ReadError, RequestRejected
from tests.providers.ima_products import tree

NAMES = (
    "code", "message", "data", "id", "task_id", "error", "medias", "resource_status", "status", "url", "cover_url",
    "error_msg", "remark", "ful", "fdl",
)  # fmt: skip
PRODUCT_NAMES = (
    "type", "children", "model_id", "id", "name", "form_config", "credit_rules", "field", "value", "is_ui_virtual",
    "ui_params", "value_mapping", "mapping_rules", "source_values", "target_value", "target_param", "attribute_id",
    "points", "attributes", "size", "default",
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from((0, 200, 500, 6010, "200", "3", FLASH, "1K", "512px", "enabled", "https://a.example/1.png"))
)


def documents(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Return documents as JSON has them, in which these names are frequent."""
    return st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(names), inner, max_size=4)
            | st.dictionaries(st.text(max_size=5), inner, max_size=2)
            | inner.map(json.dumps)
        ),
        max_leaves=12,
    )


ANSWERS = documents(NAMES) | st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, documents(NAMES)))
OFFER = resolve(
    choose(read_products(tree("text_to_image")), FLASH, None), ImageRequest("text_to_image", "x", FLASH)
)
REQUESTS = st.builds(
    ImageRequest,
    st.just("text_to_image"),
    st.just("x"),
    st.just(FLASH),
    size=st.none() | st.sampled_from(SIZES),
)


@given(
    status=st.integers(100, 599) | st.just(200),
    document=ANSWERS,
    retry_after=st.none() | st.floats(0, 1e9),
    is_page=st.booleans(),
)
def test_no_answer_raises_anything_but_our_errors(
    status: int, document: Any, retry_after: float | None, *, is_page: bool
) -> None:
    try:
        created = wire.created(status, document, OFFER, retry_after, is_page=is_page)
    except (RequestRejected, OutcomeUnknown):
        pass
    else:
        assert wire.TASK_ID.fullmatch(created.task_id)
    with contextlib.suppress(RequestRejected, ReadError):
        wire.read_data(status, document, retry_after, is_page=is_page)
    with contextlib.suppress(ReadError):
        task = read_task(document)
        assert (task.word + task.reason).isprintable()
        assert all(isinstance(media.link, str) for media in task.medias)
    with contextlib.suppress(ReadError):
        put, public = wire.upload_links(document)
        assert put
        assert public


@given(
    st.sampled_from(wire.ID_NAMES),
    st.integers(1, 10**30) | st.from_regex(r"\A[0-9A-Za-z_.:-]{1,40}\Z"),
    st.lists(st.sampled_from(("data", "result", "list", "text")), max_size=4),
    st.sampled_from((0, 200, "0", "200", 504, 6010, True, None)),
    st.integers(100, 599) | st.just(200),
)
def test_no_id_is_lost(name: str, task_id: object, envelopes: list[str], code: object, status: int) -> None:
    data: Any = {name: task_id}
    for envelope in envelopes:
        data = {"list": [data], "text": json.dumps(data)}.get(envelope, {envelope: data})
    ids = []
    try:
        ids.append(wire.created(status, {"code": code, "data": data}, OFFER, None).task_id)
    except OutcomeUnknown as error:
        ids.append(str(error.facts["given"]))
    assert ids == [str(task_id)]


LEAVES = st.fixed_dictionaries(
    {"type": st.sampled_from(("3", 3)), "model_id": st.just(FLASH), "id": st.text(), "name": st.text()},
    optional={"form_config": documents(PRODUCT_NAMES), "credit_rules": documents(PRODUCT_NAMES)},
)


@given(st.lists(LEAVES | documents(PRODUCT_NAMES), max_size=3) | documents(PRODUCT_NAMES), REQUESTS, st.booleans())
def test_no_product_list_raises_anything_but_our_errors(
    products: Any, request_: ImageRequest, complete: bool
) -> None:
    read = read_products(products)
    json.dumps(rows(read), allow_nan=False)
    with contextlib.suppress(BadInput, InvalidRequest):
        offer = resolve(choose(read, FLASH, None), request_, complete=complete)
        assert offer.points >= 0
        json.dumps(wire.create_body("text_to_image", "x", offer, ()), allow_nan=False)
        smaller(offer.product, request_, offer.size)
