"""The tree of exceptions; each branch has an exit code of the contract.

SkillError                      1  a bug, if nothing more specific is raised
├── BadInput                    2
├── ConfigurationError          3  key, dependency or setting missing or malformed
├── RequestRejected             -  the service refused: nothing was accepted, nothing charged
│   ├── AuthenticationError     4
│   ├── QuotaExceeded           5
│   ├── RateLimitError          6
│   └── InvalidRequest          7  parameters or content
├── BudgetExceeded              5  the user's own budget has no room: nothing was sent
├── TaskFailed                  8
├── StillRunning                9  the task continues at the service
├── OutcomeUnknown             10  a paid request may have been accepted
│   └── ResponseLost           10  ... because it left and no complete answer came back
├── Unreachable                11
│   ├── NotSentError           11  ... and it is proven that no byte of the request left
│   └── ReadError              11  a free request that may work when repeated
├── DiskError                  12
├── UnusableResult             13
└── TaskLocked                 14  another process works on the same request

Whether money was spent is not a property of an error but of the task: it is in the result (output/result.py).
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from shared.journal.entry import Entry

Remedy = Literal["again", "new", "instead", "resume", "set_aside", "none"]
"""What to run next: the same command, the same with --new, the same with other values (the fact `instead` maps
options to them), the task by its id, put a damaged journal aside, nothing."""


class SkillError(Exception):
    """An error of the contract, shown to the person through the message catalog.

    `code` is both the stable name in the result document and the id of the message in the catalog; `<code>.hint`
    is the id of the hint. `facts` fill both messages.
    """

    exit_code = 1
    retryable = False
    remedy: Remedy | None = None

    def __init__(
        self,
        code: str,
        *,
        remedy: Remedy | None = None,
        provider_code: str | None = None,
        http_status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        about: tuple[Path, Entry] | None = None,
        **facts: object,
    ) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts: dict[str, Any] = facts
        self.remedy = remedy or self.remedy
        self.provider_code = provider_code
        self.http_status = http_status
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds to wait, if the service sent them."""
        self.help_url: str | None = None
        """The page where a person gets what is missing, such as an account."""
        self.about = about
        """The journal and the entry of the task that the error is about."""


class BadInput(SkillError):
    """A flag, file or value that cannot be used; found before anything was sent."""

    exit_code = 2


class ConfigurationError(SkillError):
    """A key, a dependency or a setting that is missing or malformed."""

    exit_code = 3


class RequestRejected(SkillError):
    """The service answered that it did not accept the request: nothing was made, nothing charged."""


class AuthenticationError(RequestRejected):
    """The service does not accept this key."""

    exit_code = 4


class QuotaExceeded(RequestRejected):
    """The account has no credits left, or its plan does not include this."""

    exit_code = 5


class RateLimitError(RequestRejected):
    """The service is rate limiting; `retry_after` is its time in seconds, if it sent one."""

    exit_code = 6
    retryable = True
    remedy: Remedy | None = "again"


class InvalidRequest(RequestRejected):
    """The service refused the parameters or the content."""

    exit_code = 7


class BudgetExceeded(SkillError):
    """A budget of the user has no room for a paid request, so it was not sent."""

    exit_code = 5
    remedy: Remedy | None = "none"


class TaskFailed(SkillError):
    """The service accepted the task and could not finish it."""

    exit_code = 8
    remedy: Remedy | None = "new"


class StillRunning(SkillError):
    """Waiting ended before the task did; the task continues at the service."""

    exit_code = 9
    retryable = True
    remedy: Remedy | None = "resume"


class OutcomeUnknown(SkillError):
    """A paid request may have been accepted; it is not sent again without the user's consent."""

    exit_code = 10
    remedy: Remedy | None = "new"


class ResponseLost(OutcomeUnknown):
    """The request may have left, and no complete answer came back."""


class Unreachable(SkillError):
    """The service could not be reached, and nothing was accepted."""

    exit_code = 11
    retryable = True
    remedy: Remedy | None = "again"


class NotSentError(Unreachable):
    """The connection proves that no byte of the request left this machine."""


class ReadError(Unreachable):
    """A free request got no usable answer; repeating it costs nothing."""


class DiskError(SkillError):
    """A file or folder of this machine could not be read or written.

    `option` names what chooses another place, where that is neither --output-dir nor OPENCLAW_STATE_DIR.
    """

    exit_code = 12

    def __init__(self, code: str, *, option: str | None = None, **facts: Any) -> None:
        super().__init__(code, **facts)
        self.option = option


class UnusableResult(SkillError):
    """The service finished, but its result, or part of it, cannot be used."""

    exit_code = 13
    remedy: Remedy | None = "resume"


class TaskLocked(SkillError):
    """Another process works on the same request, and waiting was forbidden."""

    exit_code = 14
    retryable = True
    remedy: Remedy | None = "again"


def bug_error(failure: Exception) -> SkillError:
    """Return the error for an unexpected exception, with its place in the code and without its text."""
    frame = traceback.extract_tb(failure.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    error = SkillError("bug", kind=type(failure).__name__, where=where)
    error.__cause__ = failure
    return error
