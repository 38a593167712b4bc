"""Pictures of this machine on their way to the service: several at once, the same bytes three times at most."""

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


def public_links(inputs: tuple[Input, ...], client: Client, limits: Deadline) -> tuple[str, ...]:
    """Return the addresses under which the service finds the inputs, in their order.

    A file that is given twice is uploaded once.

    Raises:
        SkillError: the first input that could not be uploaded; nothing was spent.
    """
    links: dict[str, str] = {}
    failures: list[BaseException] = []
    waiting: SimpleQueue[InputImage] = SimpleQueue()
    files = {one.sha256: one for one in inputs if not isinstance(one, str)}
    for reference in files.values():
        waiting.put(reference)

    def work() -> None:
        while not failures:
            try:
                reference = waiting.get_nowait()
            except Empty:
                return
            try:
                links[reference.sha256] = _uploaded(reference, client, limits)
            except BaseException as failure:  # noqa: BLE001  - raised again below, where somebody waits for it
                failures.append(failure)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(files)))]
    for thread in threads:  # daemons, so that Ctrl-C does not wait for them
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return tuple(one if isinstance(one, str) else links[one.sha256] for one in inputs)


def _uploaded(reference: InputImage, client: Client, limits: Deadline) -> str:
    content = reference.content(INPUTS_FLAG)
    try:
        return retry_read(
            lambda seconds: client.upload(content, reference.media_type, seconds), limits, tries=TRIES
        )
    except ReadError as failure:
        failure.remedy = "again"
        raise
