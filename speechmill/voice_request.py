"""What a client may ask for when a voice of its own is to be made, checked: an upload's fields, and a design's body. Both give
the `VoiceSpec` with everything resolved; both raise InvalidRequest that names the field and says what would be right.
"""

import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from speechmill.catalogue import Catalogue, ModelInfo
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.own_voice import cloning_model
from speechmill.request import Limits, Name, clean_text, first_problem, fits_one_segment
from speechmill.voice import CONSENT, Consent, VoiceSpec
from speechmill.voice_samples import sample_language, sample_text

NAME_CHARACTERS = 100
DESCRIPTION_CHARACTERS = 1000
WORDS_CHARACTERS = 1000
"""Of what a recording says: 30 s are some 500 characters."""
UPLOAD_FIELDS = ("name", "ref_text", "consent", "model", "language", "description")

_NO_DESIGNER = "a speech worker with a Qwen3-TTS VoiceDesign checkpoint would bring one."


class DesignBody(BaseModel):
    """A voice that is described. Fields that it does not have are refused: a misspelt one would be a voice that nobody meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[StrictStr, Field(description="What the voice is called in lists.")]
    description: Annotated[StrictStr, Field(min_length=1, max_length=DESCRIPTION_CHARACTERS, description=(
        "How the voice sounds, as instructions to the model that designs it."))]
    model: Annotated[Name, Field(description="The model that designs; if not given, the first that can.")] = ""
    for_model: Annotated[Name, Field(description="The model that will speak with the voice; if not given, the first that clones "
                                                 "voices.")] = ""
    text: Annotated[StrictStr, Field(max_length=1000, description=(
        "What the designing model says, a few seconds of which the voice is then cloned. If not given, a sentence in the "
        "language."))] = ""
    language: Annotated[Name, Field(description="A tag of the models', such as en.")] = ""
    seed: Annotated[StrictInt | None, Field(ge=0, le=2**63 - 1)] = None


class DescribeBody(BaseModel):
    """What may be said otherwise of a voice there is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: StrictStr | None = None
    description: StrictStr | None = None


def parse_upload(fields: Mapping[str, str], catalogue: Catalogue, now_s: int) -> VoiceSpec:
    """The fields of a form beside its file. Raises InvalidRequest, NoCatalogue."""
    unknown = next((name for name in fields if name not in UPLOAD_FIELDS), None)
    if unknown is not None:
        raise InvalidRequest(f"A voice has no field {unknown[:80]!r}; it has audio_sample, {', '.join(UPLOAD_FIELDS)}.",
                             param=unknown[:80], code="unknown_field")
    _check_consent(fields.get("consent", ""))
    model = cloning_model(fields.get("model", ""), catalogue)
    language = model.language(fields.get("language", ""))
    return VoiceSpec(
        source="upload", name=clean_name(fields.get("name", "")), description=clean_line(fields.get("description", "")),
        consent=Consent(given_at=now_s), recorded_text=_words(fields.get("ref_text", "")), model=model.id, for_model=model.id,
        voice=model.default_voice, language=language, said=sample_text(_spoken_language(language, model)),
        klass=JobClass.INTERACTIVE)


def parse_design(body: object, catalogue: Catalogue) -> VoiceSpec:
    """Raises InvalidRequest, NoCatalogue."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object with name and description.", param="body")
    try:
        asked = DesignBody.model_validate(body)
    except ValidationError as error:
        raise first_problem(error) from None
    designer = _designing_model(asked.model, catalogue)
    model = cloning_model(asked.for_model, catalogue, param="for_model")
    language = model.language(asked.language)
    text = _sample(asked.text) if asked.text else sample_text(_spoken_language(language, designer))
    return VoiceSpec(
        source="design", name=clean_name(asked.name), description=clean_line(asked.description), recorded_text=text,
        instructions=clean_line(asked.description), model=designer.id, for_model=model.id, voice=designer.default_voice,
        language=designer.language(language), seed=asked.seed, said=sample_text(_spoken_language(language, model)),
        klass=JobClass.INTERACTIVE)


def _sample(text: str) -> str:
    try:
        cleaned = clean_text(text, Limits(len(text)))
    except InvalidRequest as error:
        raise InvalidRequest(error.message.replace("input", "text", 1), param="text", code=error.public_code) from None
    if not fits_one_segment(cleaned):
        raise InvalidRequest(f"text has {len(text)} characters, more than fit a recording; send a sentence or two: at most 280 "
                             "characters, 80 in Chinese, Japanese or Korean.", param="text")
    return cleaned


def parse_description(body: object, spec: VoiceSpec) -> VoiceSpec:
    """`spec` with another name or description. Raises InvalidRequest."""
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object with name, description or both.", param="body")
    try:
        asked = DescribeBody.model_validate(body)
    except ValidationError as error:
        raise first_problem(error) from None
    name = spec.name if asked.name is None else clean_name(asked.name)
    description = spec.description if asked.description is None else clean_line(asked.description)
    return spec.model_copy(update={"name": name, "description": description})


def clean_name(text: str) -> str:
    """On one line. Raises InvalidRequest where nothing, or too much, is left."""
    name = _one_line(text, "name")
    if not name:
        raise InvalidRequest("name is missing; say what the voice is to be called in lists.", param="name", code="missing_field")
    if len(name) > NAME_CHARACTERS:
        raise InvalidRequest(f"name has {len(name)} characters; at most {NAME_CHARACTERS} are kept.", param="name")
    return name


def clean_line(text: str) -> str:
    """A description, on one line. Raises InvalidRequest."""
    line = _one_line(text, "description")
    if len(line) > DESCRIPTION_CHARACTERS:
        raise InvalidRequest(f"description has {len(line)} characters; at most {DESCRIPTION_CHARACTERS} are kept.",
                             param="description")
    return line


def _words(text: str) -> str:
    words = _one_line(text, "ref_text")
    if len(words) > WORDS_CHARACTERS:
        raise InvalidRequest(f"ref_text has {len(words)} characters; 30 s of speech have no more than {WORDS_CHARACTERS}. Send "
                             "what the recording says, word for word, or leave it out.", param="ref_text")
    return words


def _one_line(text: str, field: str) -> str:
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise InvalidRequest(f"{field} has half of a surrogate pair; send whole characters.", param=field)
    printable = (" " if unicodedata.category(character) == "Cc" else character for character in text)
    return " ".join(unicodedata.normalize("NFC", "".join(printable)).split())


def _check_consent(given: str) -> None:
    if given.strip().lower() != "true":
        raise InvalidRequest("consent must be true: a voice is only cloned when the person it belongs to has agreed. Sending "
                             f"consent=true states: {CONSENT!r} The statement and its date are kept with the voice.",
                             param="consent", code="consent_required")


def _designing_model(asked: str, catalogue: Catalogue) -> ModelInfo:
    able = [model for model in catalogue.models if model.instructions == "required"]
    known = ", ".join(model.id for model in able)
    if asked:
        model = catalogue.model(asked)
        if model in able:
            return model
        raise InvalidRequest(f"Model {model.id!r} designs no voices; {f'those that do: {known}.' if known else _NO_DESIGNER}",
                             param="model")
    catalogue.model("")     # raises where there is none at all
    if not able:
        raise InvalidRequest(f"No model here designs voices; {_NO_DESIGNER}", param="model", code="no_designing_model")
    return able[0]


def _spoken_language(language: str, model: ModelInfo) -> str:
    """In which its sample is said, where the voice may speak any."""
    return sample_language(model.languages) if language == "auto" else language
