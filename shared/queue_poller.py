"""Poll a task of a service that works as a queue: what passes is waited for, within bounds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from shared.errors import InvalidRequest, ReadError, SkillError
from shared.polling import Status, is_overloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

State = Literal["running", "succeeded", "failed"]
LINKS_GRACE = 60.0  # seconds in which a finished task may still lack links
MAX_REFUSED = 3  # polls in a row that the service answers with the same refusal


@dataclass(frozen=True)
class PollPolicy:
    """How a service wants its tasks to be polled, and what it publishes about their duration; in seconds."""

    interval: float
    """The least that is polite."""
    cautious: float = 0.0
    """As in PollSchedule."""
    usual_seconds: tuple[float, ...] = ()
    """The shortest and the longest published duration, if any; they count while there is little history."""
    remind_every: float = 0.0
    """Between two lines that are meant for the user; 0 for none."""
    announced_as: str | None = None
    """The message that says before the wait how long it may take."""
    final_refusals: Mapping[str, str] = field(default_factory=dict)
    """Codes of failed polls that end the wait when repeated, and the code of the error that says so."""


class QueueStatus(Status, Protocol):
    """The status of a task at a queue, whose links may come late."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def is_complete(self) -> bool:
        """False for a task that is done and still lacks something that may come."""
        ...

    @property
    def final_state(self) -> str:
        """The state of such a task once it was waited for in vain."""
        ...


@dataclass(frozen=True)
class QueueTask:
    """The status of a task at a simple queue: `word` is the service's own, `known` whether it is documented."""

    state: State
    word: str
    links: tuple[str, ...] = ()
    reason: str = ""
    known: bool = True

    @property
    def ended(self) -> bool:
        """True if the service will not change the task any more."""
        return self.state != "running"

    @property
    def is_complete(self) -> bool:
        """False for a task that is done and has no link yet."""
        return self.state != "succeeded" or bool(self.links)

    @property
    def final_state(self) -> State:
        """The state of a task whose links did not come."""
        return self.state


QueueStatusT = TypeVar("QueueStatusT", bound=QueueStatus)


class QueuePoller(Generic[QueueStatusT]):
    """Polls one task of a queue: passing refusals and late links are waited for, within bounds."""

    def __init__(
        self, query: Callable[[float], QueueStatusT], policy: PollPolicy, task_id: str, clock: Callable[[], float]
    ) -> None:
        self._query = query
        self._policy = policy
        self._task_id = task_id
        self._clock = clock
        self._refusals: list[tuple[str, str | None]] = []
        self._done_since: float | None = None

    def poll(self, seconds: float) -> QueueStatusT:
        """Poll once; a task that lacks something counts as running for a minute after it was first seen done."""
        try:
            status = self._query(seconds)
        except ReadError as failure:
            self._give_up_on(failure)
            raise
        except SkillError as error:
            error.remedy = "resume"
            raise
        self._refusals.clear()
        if status.is_complete:
            self._done_since = None
            return status
        self._done_since = self._clock() if self._done_since is None else self._done_since
        is_in_time = self._clock() - self._done_since <= LINKS_GRACE
        return replace(status, state="running" if is_in_time else status.final_state)

    def _give_up_on(self, failure: ReadError) -> None:
        """Raise if the service keeps refusing to answer, such as about an id that it never issued."""
        code = None if is_overloaded(failure) else self._policy.final_refusals.get(failure.code)
        refusal = (failure.code, failure.provider_code)
        if not code or refusal not in self._refusals:
            self._refusals.clear()
        self._refusals += [refusal] if code else []
        if code and len(self._refusals) >= MAX_REFUSED:
            raise InvalidRequest(
                code,
                remedy="resume",
                http_status=failure.http_status,
                provider_code=failure.provider_code,
                request_id=failure.request_id,
                **{"status": failure.http_status, "task_id": self._task_id, **failure.facts},
            ) from failure
