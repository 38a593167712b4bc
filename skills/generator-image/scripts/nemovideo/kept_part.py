"""A download that a later run can resume: a note in the state folder names its part file."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING, Any

from shared.errors import DiskError
from shared.files import Lock, make_private_folder, write_atomically
from shared.openclaw.folders import state_folders
from shared.part_files import PartFile, remove_left_over_parts
from shared.security.keys import redact_keys

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

MAX_NOTE = 4096  # bytes


class KeptPart:
    """The part file of a download to `target`, with the ETag of its content.

    Only this user can have written the note, and the part is used only if it is still the file that the note names
    (device and inode) and has no other name. Without a note, or if it cannot be written, the download starts over.
    Of two processes with the same target, only one keeps its part.
    """

    def __init__(self, target: Path) -> None:
        name = hashlib.sha256(str(target.absolute()).encode(errors="surrogatepass")).hexdigest()[:32]
        folder = state_folders()[0] / "image-skills" / "generator-image" / "downloads"
        self._note = folder / f"{name}.json"
        self._lock = Lock(folder / f"{name}.lock")
        self._keeps = False
        with contextlib.suppress(DiskError, OSError):
            make_private_folder(folder)
            self._keeps = self._lock.try_acquire()
        self.etag = ""
        self.part = (self._reopened(target) if self._keeps else None) or PartFile.create(target, alone=self._keeps)

    def _reopened(self, target: Path) -> PartFile | None:
        try:
            with self._note.open("rb") as file:
                note: dict[str, Any] = json.loads(file.read(MAX_NOTE))
            part = PartFile.reopen(target, note["part"], (int(note["device"]), int(note["inode"])))
            self.etag = str(note["etag"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        remove_left_over_parts(target, but=part.path.name)
        return part

    def note(self, etag: str) -> None:
        """Store the ETag at once, because the process may be killed at any moment."""
        if redact_keys(etag) != etag:  # a key is not stored: this download restarts after an interruption
            etag = ""
        if etag == self.etag:
            return
        self.etag = etag
        device, inode = self.part.identity
        text = json.dumps({"part": self.part.path.name, "device": device, "inode": inode, "etag": etag})
        if self._keeps:
            with contextlib.suppress(OSError):
                write_atomically(self._note, text.encode(), durable=False)

    def begin_anew(self) -> None:
        """Empty the part: its content is unusable."""
        self.note("")
        self.part.clear()

    def move_to(self, target: Path) -> Path:
        """Rename the finished file to its final name, or the next free one; return that."""
        self.note("")
        return self.part.move_to(target)

    def __enter__(self) -> KeptPart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.etag and self._keeps:
            with contextlib.suppress(OSError):
                self.part.file.close()
        else:
            self.part.__exit__(kind, error, trace)
            if self._keeps:
                with contextlib.suppress(OSError):
                    self._note.unlink()
        self._lock.release()
