"""The voices of one's own that a request names, looked up before it is checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from producer.desk import Desk
from speechmill.book_cast import MAX_CAST
from speechmill.own_voice import NO_VOICES, OwnVoice, Voices, own_ids
from speechmill.store.voices import look_at_voice


@dataclass(frozen=True)
class KnownVoices:
    """Those that were found (speechmill.own_voice.Voices)."""

    found: Mapping[str, OwnVoice] = field(default_factory=dict)

    def get(self, voice_id: str) -> OwnVoice | None:
        return self.found.get(voice_id)


async def known_voices(desk: Desk, tenant: str, body: object) -> Voices:
    """Of a decoded body that nobody has checked yet. One round trip, and none where it names no voice of one's own. Raises
    StoreUnavailable."""
    # One that names more than a cast may have is refused later; until then each would cost a script.
    ids = list(dict.fromkeys(islice(own_ids(body), MAX_CAST + 1)))
    if not ids:
        return NO_VOICES
    voices = await desk.store.run_all([look_at_voice(voice_id, tenant) for voice_id in ids])
    return KnownVoices({voice.id: voice.known() for voice in voices if voice})
