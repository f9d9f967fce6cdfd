"""What can be done to files in the job store, which holds their records; the bytes lie in storage. As in verbs.py, each verb may
be run again after a lost reply."""

from collections.abc import Sequence

from speechmill.file import StoredFile
from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Call


def added(file_id: str, tenant: str, *, name: str, purpose: str, size: int, key: str, life_ms: int,
          most: int) -> Call[StoredFile | None]:
    """The bytes lie under `key`; now there is such a file, for `life_ms`. None where the tenant keeps `most` already."""
    return Call(SCRIPTS["file_added"], (file_id, tenant, name, purpose, size, key, life_ms, most), _maybe_file)


def look(file_id: str, tenant: str) -> Call[StoredFile | None]:
    """None where this tenant has no such file."""
    return Call(SCRIPTS["file_look"], (file_id, tenant), _maybe_file)


def page(tenant: str, *, purpose: str, after: str, limit: int, newest_first: bool) -> Call[list[StoredFile] | None]:
    """Up to `limit` + 1 files after the cursor (the one more says that there is a next page); None: no such cursor."""
    return Call(SCRIPTS["file_list"], (tenant, purpose, after, limit, int(newest_first)),
                lambda reply: None if reply is None else [_file(record) for record in reply])


def deleted(file_id: str, tenant: str) -> Call[bool]:
    """Its bytes are gone. False: there was no such file."""
    return Call(SCRIPTS["file_deleted"], (file_id, tenant), bool)


def expired(limit: int) -> Call[list[StoredFile]]:
    """Files that are kept no longer."""
    return Call(SCRIPTS["file_expired"], (limit,), lambda reply: [_file(record) for record in reply])


def _maybe_file(record: Sequence[str] | None) -> StoredFile | None:
    return None if record is None else _file(record)


def _file(record: Sequence[str]) -> StoredFile:
    file_id, tenant, name, purpose, size, key, created, expires = record
    return StoredFile(file_id, tenant, name, purpose, int(size), key, int(created), int(expires))
