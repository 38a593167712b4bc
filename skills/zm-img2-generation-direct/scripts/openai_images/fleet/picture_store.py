"""The place for a fleet's images and reference images: a folder that all workers share, or an S3 bucket."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from typing import TYPE_CHECKING, Any, Protocol

from openai_images.fleet.database import S3_PACKAGES, put_setting, require_packages, setting
from shared.errors import BadInput, DiskError
from shared.files import create_file, disk_errors, is_same_file, read_document, sync_folder
from shared.i18n.catalog import short_repr
from shared.openclaw.folders import enclosing_skill, expand_path

if TYPE_CHECKING:
    from pathlib import Path

    from shared.journal.postgres import PostgresStore

MARKER = "fleet-store.json"
"""The object that identifies a store: a folder that is not mounted has none, or another one."""
MAX_MARKER_BYTES = 4096
REFERENCES = "references"
S3_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([!-~]*))?")
S3_SECONDS = 60  # for a connection, and for each read of it
BLOCK = 1 << 20


class PictureStore(Protocol):
    """A place for whole objects that every worker reaches by the same names; each method may raise DiskError."""

    address: str
    """How the place is named in results and errors."""

    def put(self, name: str, file: Path, sha256: str) -> str:
        """Keep a file's content under a name; return where it is once it is whole there."""

    def get(self, name: str, file: Path) -> bool:
        """Write an object's content into a new file; return whether there is such an object."""

    def has(self, name: str) -> bool:
        """Return whether there is an object of this name."""

    def place(self, name: str) -> str:
        """Return where an object of this name is."""

    def marker(self) -> str | None:
        """Return the store's own id, None before it has one."""

    def mark(self, identifier: str) -> None:
        """Give the store its id, unless it has one."""


class FolderStore:
    """A folder that all workers share, such as a mounted network file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = str(folder)

    def put(self, name: str, file: Path, sha256: str) -> str:
        """Copy under a temporary name, flush, and rename, so that no reader sees half a file."""
        target = self._target(name)
        with disk_errors(target):
            if not is_same_file(target, sha256):
                part = target.with_name(f".{secrets.token_hex(8)}.part")
                try:
                    self._copy(file, part)
                    part.replace(target)
                finally:
                    part.unlink(missing_ok=True)
                sync_folder(target.parent)
        return str(target)

    def get(self, name: str, file: Path) -> bool:
        """Copy the object into a new file."""
        source = self._target(name)
        with disk_errors(source):
            if not source.is_file():
                return False
            self._copy(source, file)
        return True

    def has(self, name: str) -> bool:
        """Return whether the file is there."""
        return self._target(name).is_file()

    def place(self, name: str) -> str:
        """Return the file's path."""
        return str(self._target(name))

    def marker(self) -> str | None:
        """Return the id in the marker's file."""
        with disk_errors(self.folder):
            try:
                return _marker_id(read_document(self.folder / MARKER, MAX_MARKER_BYTES))
            except FileNotFoundError:
                return None

    def mark(self, identifier: str) -> None:
        """Write the marker's file; the folder itself must exist, because a missing one is not mounted."""
        with disk_errors(self.folder), contextlib.suppress(FileExistsError):
            with os.fdopen(create_file(self.folder / MARKER), "wb") as file:
                file.write(_marker_content(identifier))
                os.fsync(file.fileno())
            (self.folder / MARKER).chmod(0o644)

    def _target(self, name: str) -> Path:
        return self.folder.joinpath(*name.split("/"))

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        with source.open("rb") as content, os.fdopen(create_file(target), "wb") as copy:
            while block := content.read(BLOCK):
                copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
        target.chmod(0o644)  # workers may be other users


class S3Store:
    """A bucket at S3, or at any server that speaks its protocol, by the usual AWS_* settings of boto3."""

    def __init__(self, address: str, bucket: str, prefix: str) -> None:
        require_packages(S3_PACKAGES)
        import boto3  # noqa: PLC0415  - optional, and slow
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=S3_SECONDS,
            read_timeout=S3_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 5},
        )
        self.address = address
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        with self._errors():
            self._client: Any = boto3.client("s3", config=config)

    def put(self, name: str, file: Path, sha256: str) -> str:
        """Upload; the server compares the bytes with the checksum that travels along."""
        import base64  # noqa: PLC0415

        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with self._errors(), disk_errors(file), file.open("rb") as content:
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=content, ChecksumSHA256=checksum
            )
        return self.place(name)

    def get(self, name: str, file: Path) -> bool:
        """Download into a new file."""
        with self._errors(), disk_errors(file), os.fdopen(create_file(file), "wb") as target:
            body = self._read(name)
            if body is None:
                return False
            for block in body.iter_chunks(BLOCK):
                target.write(block)
        return True

    def has(self, name: str) -> bool:
        """Ask for the object's head."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        with self._errors():
            try:
                self._client.head_object(Bucket=self._bucket, Key=self._prefix + name)
            except ClientError as error:
                if _status(error) != 404:  # noqa: PLR2004
                    raise
                return False
        return True

    def place(self, name: str) -> str:
        """Return the object's address."""
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def marker(self) -> str | None:
        """Return the id in the marker's object."""
        with self._errors():
            body = self._read(MARKER)
            return None if body is None else _marker_id(body.read(MAX_MARKER_BYTES))

    def mark(self, identifier: str) -> None:
        """Write the marker's object unless there is one."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        with self._errors():
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + MARKER,
                    Body=_marker_content(identifier),
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if _status(error) != 412:  # noqa: PLR2004  - somebody was quicker
                    raise

    def _read(self, name: str) -> Any:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchKey":
                raise
            return None

    @contextlib.contextmanager
    def _errors(self) -> Any:
        """Turn what boto3 raises into the error of the contract; keys are not part of its texts."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            yield
        except (BotoCoreError, ClientError, OSError) as error:
            if isinstance(error, OSError) and error.strerror is None:
                raise
            raise DiskError("store_failed", place=self.address, reason=short_repr(str(error))[:300]) from error


def picture_store(option: str | None) -> PictureStore | None:
    """Return the store that --store names, else IMAGE_QUEUE_STORE; None without either.

    Raises:
        BadInput: `store_invalid`; neither a folder that exists nor s3://BUCKET/PREFIX.
        ConfigurationError: boto3 is missing.
    """
    text = option if option is not None else os.environ.get("IMAGE_QUEUE_STORE") or None
    if text is None:
        return None
    flag = "IMAGE_QUEUE_STORE" if option is None else "--store"
    if text.startswith("s3:"):
        match = S3_ADDRESS.fullmatch(text)
        if not match:
            raise BadInput("store_invalid", flag=flag, got=short_repr(text))
        return S3Store(text, match.group(1), (match.group(2) or "").strip("/"))
    folder = expand_path(text) if text and text.isprintable() else None
    if folder is None or not folder.is_dir() or "://" in text:
        raise BadInput("store_invalid", flag=flag, got=short_repr(text))
    skill = enclosing_skill(folder)
    if skill:
        raise BadInput("output_dir_in_skill", flag=flag, got=short_repr(text), skill=skill)
    return FolderStore(folder.resolve())


def check_shared(store: PictureStore, journal: PostgresStore) -> None:
    """Check that this store is the fleet's; the first one that is ever named becomes it.

    Raises:
        DiskError: `store_not_shared`; the fleet's store has another id, so this one is a different place.
    """
    with journal.transaction() as connection:
        known = setting(connection, "store") or put_setting(
            connection, "store", store.marker() or secrets.token_hex(16)
        )
        if store.marker() is None and setting(connection, "store_marked") is None:
            store.mark(known)
            put_setting(connection, "store_marked", store.address)
        if store.marker() != known:
            first = setting(connection, "store_marked") or "?"
            raise DiskError("store_not_shared", place=store.address, first=first)


def _marker_content(identifier: str) -> bytes:
    return (json.dumps({"fleet_store": identifier}) + "\n").encode()


def _marker_id(content: bytes) -> str | None:
    try:
        document = json.loads(content)
    except ValueError:
        return ""
    return str(document.get("fleet_store")) if isinstance(document, dict) else ""


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
