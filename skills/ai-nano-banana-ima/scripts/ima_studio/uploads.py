"""Upload local images: several at once, with at most three tries each."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from ima_studio.request import INPUTS_FLAG
from shared.errors import ReadError
from shared.polling import retry_read

if TYPE_CHECKING:
    from ima_studio.client import Client
    from ima_studio.request import Input
    from shared.images.inputs import InputImage
    from shared.polling import Deadline

AT_ONCE = 4
TRIES = 3


def public_links(inputs: tuple[Input, ...], client: Client, deadline: Deadline) -> tuple[str, ...]:
    """Return the public URLs of the inputs, in their order.

    A file that is named twice is uploaded once.

    Raises:
        SkillError: the first input that could not be uploaded; nothing was spent.
    """
    links: dict[str, str] = {}
    failures: list[BaseException] = []
    waiting: SimpleQueue[InputImage] = SimpleQueue()
    files = {image.sha256: image for image in inputs if not isinstance(image, str)}
    for reference in files.values():
        waiting.put(reference)

    def work() -> None:
        while not failures:
            try:
                reference = waiting.get_nowait()
            except Empty:
                return
            try:
                links[reference.sha256] = _uploaded(reference, client, deadline)
            except BaseException as failure:  # noqa: BLE001  - raised again below, where somebody waits for it
                failures.append(failure)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(files)))]
    for thread in threads:  # daemons, so that Ctrl-C does not wait for them
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return tuple(image if isinstance(image, str) else links[image.sha256] for image in inputs)


def _uploaded(reference: InputImage, client: Client, deadline: Deadline) -> str:
    content = reference.content(INPUTS_FLAG)
    try:
        return retry_read(
            lambda seconds: client.upload(content, reference.media_type, seconds), deadline, tries=TRIES
        )
    except ReadError as failure:
        failure.remedy = "again"
        raise
