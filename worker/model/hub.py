"""From a checkpoint's name to its folder: a directory as it is, else a repository of the Hugging Face hub, fetched into the
hub's own cache (HF_HOME) and found there again without a network. No torch.

A branch is followed: every start looks whether it moved. `name@commit` pins the weights, and asks the hub only once.
"""

import logging
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import httpx
import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars

from worker.model.download import RemoteFile, download
from worker.model.errors import CheckpointError
from worker.model.progress import Meter, Progress
from worker.model.shards import weight_files

log = logging.getLogger(__name__)

NEEDED = (
    "config.json", "generation_config.json", "preprocessor_config.json", "vocab.json", "merges.txt", "tokenizer_config.json",
    "model*.safetensors", "model.safetensors.index.json",
    "speech_tokenizer/*.json", "speech_tokenizer/model*.safetensors",
)
"""What the engine reads, and qwen-tts besides."""

TELLTALE = ("config.json", "generation_config.json", "vocab.json", "merges.txt", "tokenizer_config.json",
            "speech_tokenizer/config.json")
"""Without these a repository is no Qwen3-TTS checkpoint, or one not fetched whole."""

ANSWER_S = 30.0
"""A hub that takes a connection and says nothing is waited for so long: huggingface_hub itself would wait for ever."""

NAME = re.compile(r"(?!.*(--|\.\.))(?P<id>\b[\w.-]+\b/\b[\w.-]{1,96}\b)(@(?P<revision>[\w./-]+))?", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Repository:
    """`id` is "owner/name"; `revision` a branch, a tag or a commit."""

    id: str
    revision: str

    def __str__(self) -> str:
        return self.id if self.revision == constants.DEFAULT_REVISION else f"{self.id}@{self.revision}"


@dataclass(frozen=True)
class HubFile:
    """`sha256` is empty for a small file, which the hub keeps in git itself."""

    path: str
    size_bytes: int
    sha256: str


def fetch(name: str, *, offline: bool, report: Callable[[Progress], None]) -> Path:
    """The checkpoint's folder. `offline` (and HF_HUB_OFFLINE) never asks the hub; `report` hears of progress while bytes come.

    Raises CheckpointError: no such directory or repository, no access to it, not a Qwen3-TTS checkpoint, too little disk,
    no network and nothing in the cache, a download that fails.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    repository = _parse(name)
    disable_progress_bars()              # its bars redraw a terminal; in a log they are noise
    cached = _from_cache(repository)
    if offline or constants.HF_HUB_OFFLINE:
        return cached or _not_cached(repository, "and the hub must not be asked (offline)")
    if cached is not None and COMMIT.fullmatch(repository.revision):
        return cached
    with _explained(repository):
        Path(constants.HF_HUB_CACHE).mkdir(parents=True, exist_ok=True)
        try:
            commit, files = _look_up(repository)
        except (RepositoryNotFoundError, RevisionNotFoundError):
            raise
        except (httpx.HTTPError, OSError) as error:
            log.warning("The hub does not answer (%s).", error)
            return cached or _not_cached(repository, f"and the hub at {constants.ENDPOINT} does not answer: {error}")
        _check_telltale(repository, files)
        return _bring(repository, commit, files, report)


def _parse(name: str) -> Repository:
    match = NAME.fullmatch(name)
    if match is None:
        raise CheckpointError(f"{name!r} is no directory, and no name on the hub either. Expected the path of a checkpoint, or "
                              "a name such as Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice, with @revision where it is to be pinned.")
    return Repository(match["id"], match["revision"] or constants.DEFAULT_REVISION)


def _from_cache(repository: Repository) -> Path | None:
    """Its folder in the cache, unless something is missing there."""
    try:
        folder = Path(huggingface_hub.snapshot_download(
            repository.id, revision=repository.revision, allow_patterns=list(NEEDED), local_files_only=True,
        ))
    except OSError:
        return None
    is_whole = _has_weights(folder) and _has_weights(folder / "speech_tokenizer")
    return folder if is_whole and all((folder / file).exists() for file in TELLTALE) else None


def _has_weights(folder: Path) -> bool:
    try:
        return all(file.exists() for file in weight_files(folder))
    except CheckpointError:     # a broken index
        return False


def _not_cached(repository: Repository, why: str) -> Path:
    raise CheckpointError(
        f"{repository} is not (or not whole) in the cache, {constants.HF_HUB_CACHE}, {why}. Fetch it where there is a network "
        f"(`hf download {repository.id}`, with the same HF_HOME), or copy it here and name its directory."
    )


def _look_up(repository: Repository) -> tuple[str, list[HubFile]]:
    """The commit that the revision stands for, and its files that matter here."""
    info = huggingface_hub.HfApi().model_info(repository.id, revision=repository.revision, files_metadata=True, timeout=ANSWER_S)
    files = [
        HubFile(sibling.rfilename, sibling.size or 0, sibling.lfs.sha256 if sibling.lfs else "")
        for sibling in info.siblings or []
    ]
    needed = [file for file in files if any(fnmatch(file.path, pattern) for pattern in NEEDED)]
    return info.sha or repository.revision, needed


def _check_telltale(repository: Repository, files: list[HubFile]) -> None:
    missing = sorted(set(TELLTALE) - {file.path for file in files})
    if missing:
        raise CheckpointError(f"{repository} is no Qwen3-TTS checkpoint: it lacks {', '.join(missing)}. Expected one of the "
                              "Qwen/Qwen3-TTS-12Hz repositories, or one of the same layout.")


def _bring(repository: Repository, commit: str, files: list[HubFile], report: Callable[[Progress], None]) -> Path:
    """Large files by ourselves, into the cache's place for them; the rest, and the cache's own order, by huggingface_hub, file by
    file: a whole snapshot would ask for the listing again, and wait for it without end."""
    missing = [file for file in files if not isinstance(
        huggingface_hub.try_to_load_from_cache(repository.id, file.path, revision=commit), str)]
    missing.sort(key=lambda file: file.path in TELLTALE)    # last what tells a whole one, should this be killed
    place = Path(constants.HF_HUB_CACHE).resolve() / f"models--{repository.id.replace('/', '--')}"
    blobs = place / "blobs"
    if missing:
        _check_disk(repository, missing, blobs)
    meter = Meter(str(repository), sum(file.size_bytes for file in missing), report)
    for file in missing:
        if file.sha256:
            url = huggingface_hub.hf_hub_url(repository.id, file.path, revision=commit)
            download(RemoteFile(url, file.size_bytes, file.sha256), blobs / file.sha256, _headers(), meter)
        huggingface_hub.hf_hub_download(repository.id, file.path, revision=commit)
    if commit != repository.revision:
        _write_ref(place / "refs" / repository.revision, commit)
    if missing:
        meter.finish()
    return place / "snapshots" / commit


def _write_ref(ref: Path, commit: str) -> None:
    """By it an offline start finds the commit of a branch; last of all, so that it finds a whole one."""
    try:
        if ref.exists() and ref.read_text(encoding="ascii") == commit:
            return
        ref.parent.mkdir(parents=True, exist_ok=True)
        whole = ref.with_name(f"{ref.name}.{uuid.uuid4().hex}.tmp")     # others may read it at any time
        whole.write_text(commit, encoding="ascii")
        os.replace(whole, ref)
    except OSError as error:     # the checkpoint itself is there, perhaps in a cache that is read only
        log.warning("%s can't be written (%s): an offline start will not find what is there now.", ref, error)


def _headers() -> dict[str, str]:
    token = huggingface_hub.get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _check_disk(repository: Repository, missing: list[HubFile], blobs: Path) -> None:
    there = sum(part.stat().st_size for part in (blobs / f"{file.sha256}.incomplete" for file in missing) if part.exists())
    needed_bytes = sum(file.size_bytes for file in missing) - there
    existing = next(folder for folder in (blobs, *blobs.parents) if folder.exists())
    free_bytes = shutil.disk_usage(existing).free
    if needed_bytes > free_bytes:
        raise CheckpointError(f"{repository} needs {needed_bytes:,} more bytes in {constants.HF_HUB_CACHE}, where {free_bytes:,} "
                              "are free. Free some, or set HF_HOME to a folder on a larger disk.")


@contextmanager
def _explained(repository: Repository) -> Iterator[None]:
    """What huggingface_hub and httpx raise, as CheckpointError."""
    page = f"{constants.ENDPOINT}/{repository.id}"
    try:
        yield
    except GatedRepoError as error:
        raise CheckpointError(f"{repository} is gated: accept its terms at {page}, then set HF_TOKEN to a token of that "
                              "account.") from error
    except RevisionNotFoundError as error:
        raise CheckpointError(f"{repository.id} has no revision {repository.revision}; see the branches and commits at "
                              f"{page}.") from error
    except RepositoryNotFoundError as error:
        raise CheckpointError(f"{repository.id} is not on the hub, or is private: check the spelling against {page}; a private "
                              "one needs HF_TOKEN.") from error
    except (httpx.HTTPError, LocalEntryNotFoundError) as error:    # the latter where the hub is silent: there is no local one
        raise CheckpointError(f"{repository} can't be fetched from the hub: {error}. What came so far is kept; try "
                              "again.") from error
    except OSError as error:
        raise CheckpointError(f"{repository} can't be stored in {constants.HF_HUB_CACHE}: {error}.") from error
