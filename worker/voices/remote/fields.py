"""The body of a request, in the words of the server: OpenAI's fields, and what a kind of servers takes beside them.

- `openai`: nothing else. https://platform.openai.com/docs/api-reference/audio/createSpeech; Kokoro-FastAPI takes the same, and
  tells the language from the voice.
- `vllm-omni`: https://docs.vllm.ai/projects/vllm-omni/en/stable/serving/speech_api/; sglang-omni takes the same. Languages go by
  their English names. `stream_format: audio` streams raw sound; without it, streams are server-sent events there.
- `speechmill`: docs of our own API.
"""

import base64
import io
import json
import wave

import numpy as np

from speechmill.settings import RemoteSettings
from worker.engine.speaker import Reference
from worker.voices.qwen3_catalogue import LANGUAGES
from worker.voices.remote.listing import RemoteModel
from worker.voices.seam import SAMPLE_RATE_HZ, Utterance

_SEED_BITS = 0x7FFF_FFFF
"""vllm-omni hands a seed to several generators, some of which take 32 bits."""


def speech_body(settings: RemoteSettings, model: RemoteModel, utterance: Utterance) -> bytes:
    """JSON, ASCII only. `utterance.voice` must be one of the model's; one that is designed or cloned has no
    name there."""
    fields: dict[str, object] = {
        "model": model.id,
        # Half of a surrogate pair can't be sent to anybody.
        "input": utterance.text.encode("utf-8", "replace").decode(),
        **({"voice": voice} if (voice := model.names_there[utterance.voice]) else {}),
        "response_format": settings.response_format,
        **({"instructions": utterance.instructions} if utterance.instructions else {}),
    }
    if settings.fields == "vllm-omni":
        fields |= _vllm_omni(settings, model, utterance)
    elif settings.fields == "speechmill":
        fields |= _speechmill(utterance)
    return json.dumps(fields).encode()


def _vllm_omni(settings: RemoteSettings, model: RemoteModel, utterance: Utterance) -> dict[str, object]:
    fields: dict[str, object] = {"language": LANGUAGES.get(utterance.language, "auto").title(),
                                 "seed": utterance.seed & _SEED_BITS}
    if settings.response_format in ("pcm", "wav"):
        fields["stream_format"] = "audio"
    if model.task_type:
        fields["task_type"] = model.task_type
    if utterance.reference:
        fields |= _reference(utterance.reference)
        if not utterance.reference.text:
            fields["x_vector_only_mode"] = True
    return fields


def _speechmill(utterance: Utterance) -> dict[str, object]:
    fields: dict[str, object] = {"language": utterance.language, "seed": utterance.seed}
    if utterance.reference:
        fields |= _reference(utterance.reference)
    return fields


def _reference(reference: Reference) -> dict[str, object]:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(np.rint(np.clip(reference.pcm, -1, 1) * 32767).astype("<i2").tobytes())
    fields: dict[str, object] = {"ref_audio": "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode()}
    if reference.text:
        fields["ref_text"] = reference.text
    return fields
