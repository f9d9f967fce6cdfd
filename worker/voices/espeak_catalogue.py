"""What espeak-ng offers: its languages under their BCP 47 tags, and the voices that we picked among its variants."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from speechmill.catalogue import ModelInfo, VoiceInfo

MODEL_ID = "espeak"
NO_VARIANT = "classic"

# Pitches are medians measured over one English sentence.
VOICES = (
    VoiceInfo(id=NO_VARIANT, name="Classic", description="espeak-ng's own voice: a man, clear and even, about 100 Hz."),
    VoiceInfo(id="m1", name="Male 1", description="An older man, a little rough, about 92 Hz."),
    VoiceInfo(id="m2", name="Male 2", description="A man in a small room, about 99 Hz."),
    VoiceInfo(id="m3", name="Male 3", description="A lively man, wide pitch, about 102 Hz."),
    VoiceInfo(id="m4", name="Male 4", description="A calm, slower man, about 93 Hz."),
    VoiceInfo(id="m5", name="Male 5", description="A nasal man with a melody of his own, about 103 Hz."),
    VoiceInfo(id="m6", name="Male 6", description="A soft man, dull treble, about 99 Hz."),
    VoiceInfo(id="m7", name="Male 7", description="A strong, warm man, about 104 Hz."),
    VoiceInfo(id="m8", name="Male 8", description="A deep, quiet man of about fifty, about 84 Hz."),
    VoiceInfo(id="f1", name="Female 1", description="An older woman, about 176 Hz."),
    VoiceInfo(id="f2", name="Female 2", description="A woman, breathy, about 190 Hz."),
    VoiceInfo(id="f3", name="Female 3", description="A young woman, bright, about 206 Hz."),
    VoiceInfo(id="f4", name="Female 4", description="A woman with firm stresses, about 176 Hz."),
    VoiceInfo(id="f5", name="Female 5", description="A woman, airy, about 200 Hz."),
    VoiceInfo(id="whisper", name="Whisper", description="A whispering man."),
    VoiceInfo(id="whisperf", name="Whisper, female", description="A whispering woman."),
    VoiceInfo(id="croak", name="Croak", description="An old man whose voice trembles, about 106 Hz."),
    VoiceInfo(id="grandpa", name="Grandpa", description="An old man without treble, about 107 Hz."),
    VoiceInfo(id="grandma", name="Grandma", description="An old woman, thin, about 193 Hz."),
    VoiceInfo(id="announcer", name="Announcer", description="A very low, metallic loudspeaker, about 65 Hz."),
)

ALIASES = {
    "alloy": NO_VARIANT, "ash": "m1", "ballad": "m2", "cedar": "m4", "coral": "f2", "echo": "m3", "fable": "m5",
    "marin": "f3", "nova": "f5", "onyx": "m8", "sage": "f1", "shimmer": "f4", "verse": "m7",
}


def model_info(version: str, languages: dict[str, str]) -> ModelInfo:
    return ModelInfo(
        id=MODEL_ID,
        voices=VOICES,
        default_voice=NO_VARIANT,
        voice_aliases=ALIASES,
        languages=tuple(sorted(languages)),
        draws=False,
        revision=f"1-espeak-ng-{version}",
    )


@dataclass(frozen=True)
class Row:
    """One line of `espeak-ng --voices`. `file` is what -v takes; `others` are (tag, priority) that it may stand in for."""

    priority: int
    language: str
    file: str
    others: tuple[tuple[str, int], ...]


def rows(table: str) -> Iterator[Row]:
    """The lines below the heading; what is no line of the table (a warning, a heading) is passed over."""
    for line in table.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) < 5 or not fields[0].isdigit():
            continue
        priority, language, _age_gender, _name, file = fields[:5]
        pairs = (fields[5] if len(fields) > 5 else "").replace("(", " ").replace(")", " ").split()
        others = tuple((tag, int(pty)) for tag, pty in zip(pairs[::2], pairs[1::2], strict=True))
        yield Row(int(priority), language, file, others)


def languages_by_tag(table: str, data: Path) -> dict[str, str]:
    """The file of each language under its BCP 47 tag, for all whose dictionary lies in `data`.

    A language's own tag comes first. A wider one ("en", "zh") goes to whoever claims it most strongly, as espeak-ng itself
    has it: en is British. Of two that share a tag (yue), the later goes by the name of its file (yue-Latn-jyutping).
    """
    known = [row for row in rows(table) if _dictionary(data, row).is_file()]
    by_tag: dict[str, str] = {}
    for row in known:
        tag = bcp47(row.language)
        by_tag.setdefault(tag if tag not in by_tag else bcp47(row.file.rpartition("/")[2]), row.file)
    wider = [(priority, bcp47(tag), row.file) for row in known for tag, priority in row.others]
    for _priority, tag, file in sorted(wider, key=lambda claim: claim[0]):
        by_tag.setdefault(tag, file)
    return by_tag


def _dictionary(data: Path, row: Row) -> Path:
    """Some languages are listed although their dictionary was left out of the package; they have no sound."""
    name = row.language.partition("-")[0]
    language_file = data / "lang" / row.file
    if language_file.is_file():
        for line in language_file.read_text("utf-8", "replace").splitlines():
            if line.startswith("dictionary "):
                name = line.split()[1]
    return data / f"{name}_dict"


def bcp47(name: str) -> str:
    """espeak-ng's name of a language as a well-formed tag (RFC 5646 §2.1) in the usual case (§2.1.1): language, Script,
    REGION, variant. Parts that have no place in it go behind -x-."""
    standard, _, private = name.lower().partition("-x-")
    language, *parts = standard.split("-")
    extended, script, region, variant, unplaced = "", "", "", "", [private] if private else []
    for part in parts:
        if len(part) == 4 and part.isalpha() and not script:
            script = part.title()
        elif not region and ((len(part) == 2 and part.isalpha()) or (len(part) == 3 and part.isdigit())):
            region = part.upper()
        elif len(part) == 3 and part.isalpha() and not extended + script + region + variant:
            extended = part
        elif len(part) >= 5 and not variant:
            variant = part
        else:
            unplaced.append(part)
    tail = ("x", *unplaced) if unplaced else ()
    return "-".join(part for part in (language, extended, script, region, variant, *tail) if part)
