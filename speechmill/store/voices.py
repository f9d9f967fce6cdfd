"""What can be done to voices of one's own in the job store, beside what can be done to every job (verbs.py): see
lua/voices.lua."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from speechmill.job import JobError, Output, Status, Unit
from speechmill.own_voice import OwnVoice
from speechmill.store.client import Store
from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Bells, Call, Verdict, read_bells, read_waiting
from speechmill.voice import Recording, Voice, VoiceSpec


def recorded(unit: Unit, recording: Recording, key: str, *, model: str) -> Call[Verdict]:
    """The recording lies in storage under `key` and is fit to be cloned; `model` is to speak with it."""
    return Call(SCRIPTS["recorded"], (unit.ref, unit.token, recording.model_dump_json(), key, model),
                lambda reply: Verdict(reply[0] == 1, read_bells(reply[1])))


def look_at_voice(voice_id: str, tenant: str) -> Call[Voice | None]:
    """None where the tenant has no such voice, or has deleted it."""
    return Call(SCRIPTS["voice"], (voice_id, tenant), lambda reply: None if reply is None else _voice(voice_id, tenant, *reply))


def describe(voice: Voice, spec: VoiceSpec) -> Call[bool]:
    """Replace what is said of a voice. False when it has changed since it was looked at, or is gone."""
    return Call(SCRIPTS["describe_voice"], (voice.id, voice.tenant, voice.spec.model_dump_json(), spec.model_dump_json()), bool)


def delete_voice(voice_id: str, tenant: str) -> Call[tuple[Literal["missing", "in_use", "free"], Bells]]:
    """From now on nobody finds it. in_use: jobs that were accepted before speak with it to their end, then the reaper deletes its
    objects; free: they may go now, and REAPED then forgets the record."""
    return Call(SCRIPTS["delete_voice"], (voice_id, tenant), lambda reply: (reply[0], read_bells(reply[1])))


class StoredVoices:
    """The voices of one tenant, looked up while a request is checked (speechmill.own_voice.Voices); each once."""

    def __init__(self, store: Store, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self._known: dict[str, OwnVoice | None] = {}

    def get(self, voice_id: str) -> OwnVoice | None:
        if voice_id not in self._known:
            voice = self._store.run(look_at_voice(voice_id, self._tenant))
            self._known[voice_id] = voice.known() if voice else None
        return self._known[voice_id]


def _voice(voice_id: str, tenant: str, fields: Sequence[Any], waiting: Sequence[Any] | None = None) -> Voice:
    status, spec, created, version, contents, output, error = fields
    return Voice(
        voice_id, tenant, Status(status), VoiceSpec.model_validate_json(spec), int(created), int(version),
        recording=Recording.model_validate_json(contents) if contents else None,
        preview=Output.model_validate_json(output) if output else None,
        error=JobError.model_validate(json.loads(error)) if error else None,
        waiting=read_waiting(*waiting) if waiting else None)
