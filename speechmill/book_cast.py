"""A book's cast: who speaks what stands behind a tag `[voice: label]`, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from speechmill.book import CastVoice
from speechmill.catalogue import Catalogue
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import NO_VOICES, Voices
from speechmill.request import Limits, Name, Parsed, SpeechSpec, parse_speech

MAX_CAST = 200
NARRATOR = "narrator"


class CastBody(BaseModel):
    """A voice of the narrator's model: one of its own, a designed one or a clone, as in a speech request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: Name = ""
    instructions: Annotated[StrictStr, Field(max_length=4096)] = ""
    ref_audio: StrictStr | None = None
    ref_text: StrictStr | None = None


Label = Annotated[StrictStr, Field(min_length=1, max_length=64)]
CastBodies = Annotated[dict[Label, CastBody], Field(max_length=MAX_CAST)]


@dataclass(frozen=True)
class Cast:
    """Voices by label, in lower case, and the files that their references name, by SHA-256."""

    voices: dict[str, CastVoice]
    recordings: dict[str, bytes]


def parse_cast(members: Mapping[str, CastBody], narrator: SpeechSpec, catalogue: Catalogue, voices: Voices = NO_VOICES) -> Cast:
    """All speak with the narrator's model and in its language. `voices`: the tenant's own. Raises InvalidRequest that names the
    member; StoreUnavailable where `voices` does."""
    cast = Cast({}, {})
    for label, member in members.items():
        name = one_label(label)
        if name in cast.voices:
            raise InvalidRequest(f"cast has {label!r} twice: case and spaces do not tell labels apart.", param=f"cast.{label}")
        parsed = _spoken_by(label, member, narrator, catalogue, voices)
        if parsed.spec.reference and parsed.reference_audio:
            cast.recordings[parsed.spec.reference.sha256] = parsed.reference_audio
        cast.voices[name] = CastVoice(voice=parsed.spec.voice, instructions=parsed.spec.instructions,
                                      reference=parsed.spec.reference)
    return cast


def one_label(label: str) -> str:
    """As tags are compared. Raises InvalidRequest for one that is no label of the cast's."""
    name = " ".join(label.split()).casefold()
    if not name:
        raise InvalidRequest("cast has a label of spaces alone; name who speaks.", param="cast")
    if name == NARRATOR:
        raise InvalidRequest("The narrator's voice is the request's own: send voice, not cast.narrator.", param=f"cast.{label}")
    return name


def _spoken_by(label: str, member: CastBody, narrator: SpeechSpec, catalogue: Catalogue, voices: Voices) -> Parsed:
    fields = {name: value for name, value in member.model_dump().items() if value}
    if not fields:
        raise InvalidRequest(f"cast.{label} says nothing; give it a voice, instructions or ref_audio.", param=f"cast.{label}")
    try:
        return parse_speech({"input": "A", "model": narrator.model, "language": narrator.language, **fields},
                            catalogue, Limits(1), JobClass.BATCH, voices)
    except InvalidRequest as error:
        raise InvalidRequest(f"cast.{label}: {error.message}", param=f"cast.{label}.{error.param}",
                             code=error.public_code) from None
