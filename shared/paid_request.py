"""Send a paid request: recorded beforehand, and retried only if it provably never left."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from shared import signals
from shared.errors import DiskError, NotSentError, OutcomeUnknown, RequestRejected, SkillError
from shared.http.departure import departures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.journal.entry import Charged
    from shared.journal.submit import LockedTask

MAX_RAW_ID_LENGTH = 16384  # characters of an unusable id that are kept
PAUSES = (1.0, 3.0)  # seconds before the second and the third try, the last one


class AcceptedTask(Protocol):
    """The service's acceptance of a paid request."""

    @property
    def task_id(self) -> str:
        """The service's task id."""
        ...

    @property
    def charged(self) -> Charged:
        """Whether the service reported a charge."""
        ...

    @property
    def cost(self) -> dict[str, object] | None:
        """`{amount, unit, source}`, if the service sent it."""
        ...


@dataclass(frozen=True)
class Accepted:
    """The acceptance of a paid request by a service that says no more than this."""

    task_id: str
    cost: dict[str, object] | None = None
    charged: Charged = "yes"


Created = TypeVar("Created", bound=AcceptedTask)


def submit_once(
    task: LockedTask,
    send: Callable[[], Created],
    *,
    sleep: Callable[[float], None],
    on_accepted: Callable[[Created], None],
    left: Callable[[], float] = lambda: math.inf,
    last: bool = True,
) -> Created:
    """Send the paid request of a task and record its outcome; `send` is repeated only after NotSentError.

    `on_accepted` gets the id as soon as it is known, before the journal is written: if the disk fails then, the id
    is on the streams. No more tries are made if the pause would exceed the seconds that are `left`. Without
    `last`, the caller may correct a refused request and send it again; a pending signal is then raised instead of
    the refusal, so that nothing else is sent.

    Raises:
        RequestRejected: the service refused; the entry is `refused`.
        NotSentError: three times in a row, or until the deadline; the entry is `unreachable`.
        OutcomeUnknown: the request may have been accepted; the entry is `unknown`.
        DiskError: the entry could not be written; before the request, this means that it was not sent.
        Exception: anything else; the entry is `unreachable` if no byte left, else `unknown`.
    """
    for pause in (*PAUSES, None):
        task.mark_submitting()
        try:
            with recorded(task), signals.defer_signals():
                created = send()
                with signals.defer_signals(uninterruptible=True):
                    on_accepted(created)
                    task.mark_submitted(created.task_id, charged=created.charged, cost=created.cost)
                return created
        except NotSentError as error:
            if pause is None or pause >= left():
                task.mark_not_charged("unreachable", error={"code": error.code})
                raise
            task.mark_not_charged("prepared")
            sleep(pause)
        except RequestRejected as error:
            if last:
                signals.discard_pending()
            task.mark_not_charged("refused", error={"code": error.code, "provider_code": error.provider_code})
            raise
        except OutcomeUnknown as error:
            signals.discard_pending()
            task.finish("unknown", error={"code": error.code, **_unusable_id(error)})
            raise
    raise AssertionError("unreachable")


@contextlib.contextmanager
def recorded(task: LockedTask) -> Iterator[None]:
    """Record the outcome of a paid request whose block ends in an unclassified error, and raise that error.

    The entry is `unreachable` if the connections sent no byte, else `unknown`. So no exception leaves an entry in
    `submitting`.
    """
    with departures() as departure:
        try:
            yield
        except (NotSentError, RequestRejected, OutcomeUnknown):
            raise
        except Exception as error:
            if task.entry.state == "submitting":
                code = error.code if isinstance(error, SkillError) else "bug"
                with contextlib.suppress(DiskError):
                    if departure.may_have_left:
                        task.finish("unknown", error={"code": code})
                    else:
                        task.mark_not_charged("unreachable", error={"code": code})
            raise


def _unusable_id(error: OutcomeUnknown) -> dict[str, str]:
    """Return the unusable value that the service sent as an id: its support may need it."""
    value = error.facts.get("given")
    return {} if value is None else {"given": str(value)[:MAX_RAW_ID_LENGTH]}
