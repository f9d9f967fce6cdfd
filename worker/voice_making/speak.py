"""The steps of a voice on a speech worker: the designing model makes its recording, the cloning model says its first words."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

from speechmill.blobs.seam import recording_key
from speechmill.errors import BadReference, VoiceFailed
from speechmill.request import ReferenceSpec
from speechmill.store import verbs
from speechmill.store.voices import recorded
from speechmill.voice import VoiceSpec
from worker.encode import lossless_bytes
from worker.leases import Lease
from worker.publish import publish
from worker.station import Station
from worker.synthesize import Take, synthesize
from worker.voice_making.recording import check_recording, measure


def speak_voice(station: Station, lease: Lease) -> Callable[[], None]:
    """Gives what is left to do when the sound is there, which takes no slot (worker/wrap_ups.py)."""
    spec = VoiceSpec.model_validate(lease.unit.spec)
    return _first_words(station, lease, spec) if lease.unit.plan_key else _designed(station, lease, spec)


def _designed(station: Station, lease: Lease, spec: VoiceSpec) -> Callable[[], None]:
    take = synthesize(station, lease, spec, spec.recorded_text)
    return partial(_keep_recording, station, lease, spec, take)


def _keep_recording(station: Station, lease: Lease, spec: VoiceSpec, take: Take) -> None:
    """Raises VoiceFailed for a take that nothing can be cloned from: another try draws another one."""
    unit = lease.unit
    try:
        check_recording(take.pcm, station.settings.voices, "The designed sample")
    except BadReference as error:
        raise VoiceFailed(f"{error.message} Another text, or another seed, may do.", param="text") from None
    flac = lossless_bytes(take.pcm)
    digest = sha256(flac).hexdigest()
    key = recording_key(unit.tenant, unit.job_id, digest)
    station.upload(lease, key, flac, "audio/flac")
    recording = measure(take.pcm, digest, len(flac))
    station.ring(station.commit(lease, recorded(unit, recording, key, model=spec.for_model)).bells)


def _first_words(station: Station, lease: Lease, spec: VoiceSpec) -> Callable[[], None]:
    """With it the engine encodes the recording, for all who will speak with the voice (worker/encodings.py)."""
    assert station.model
    reference = ReferenceSpec(sha256=lease.unit.plan_key.rpartition("/")[2], text=spec.recorded_text, voice_id=lease.unit.job_id)
    words = spec.model_copy(update={"model": spec.for_model, "voice": station.model.default_voice, "instructions": "",
                                    "reference": reference, "seed": None})
    take = synthesize(station, lease, words, spec.said)
    return partial(_publish_preview, station, lease, words, take)


def _publish_preview(station: Station, lease: Lease, spec: VoiceSpec, take: Take) -> None:
    output = publish(station, lease, spec, iter([take.pcm]), len(take.pcm)).output
    station.ring(station.commit(lease, verbs.completed(lease.unit, output, take=take.record(), speak_ms=take.speak_ms)).bells)
