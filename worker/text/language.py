"""Guessing the language of a text whose client said "auto": by its script, and only among those a model offers."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

_LOOKED_AT = 20_000
"""Characters looked at: enough to see past a foreign title page."""


def guess_language(text: str, offered: Sequence[str], fallback: str) -> str:
    """The tag of `offered` that fits the script of `text` best.

    Latin script tells too little about a language, so it gets `fallback`, as does a script that none of `offered` is
    written in. A `fallback` that is not offered ("auto") means English, or else the first of `offered`.
    """
    default = _choose((fallback, "en"), offered) or (offered[0] if offered else fallback)
    languages = _LANGUAGES.get(_script(text[:_LOOKED_AT]), ())
    if default.partition("-")[0] in languages:
        return default
    return _choose(languages, offered) or default


def _choose(wanted: Sequence[str], offered: Sequence[str]) -> str:
    """The first of `wanted` that is offered: the tag itself, or one that begins with it ("zh" → "zh-CN")."""
    for tag in wanted:
        for known in sorted(offered, key=len):
            if known.lower() == tag.lower() or known.lower().startswith(tag.lower() + "-"):
                return known
    return ""


def _script(text: str) -> str:
    """The script of most letters; "" for Latin or none. A Chinese character or a syllable of kana or hangul counts as many
    Latin letters, so that a brand name does not turn a Chinese sentence into an English one."""
    if text.isascii():
        return ""
    seen: Counter[str] = Counter()
    for character, times in Counter(text).items():
        if character.isalpha():
            block = bisect_right(_STARTS, ord(character)) - 1
            seen[_BLOCKS[block][2] if ord(character) <= _BLOCKS[block][1] else ""] += times
    if seen["kana"] >= (seen["kana"] + seen["han"]) / 20:  # Japanese mixes both; Chinese has no kana at all
        seen["kana"] += seen.pop("han", 0)
    for script in ("han", "kana", "hangul"):
        seen[script] *= 3
    return max(seen, key=lambda script: seen[script]) if seen.total() else ""


_LANGUAGES: dict[str, tuple[str, ...]] = {
    "greek": ("el",), "cyrillic": ("ru", "uk", "bg", "sr", "be", "mk", "kk", "mn"), "armenian": ("hy",),
    "hebrew": ("he", "iw", "yi"), "arabic": ("ar", "fa", "ur", "ps"), "devanagari": ("hi", "mr", "ne", "sa"),
    "bengali": ("bn", "as"), "gurmukhi": ("pa",), "gujarati": ("gu",), "oriya": ("or",), "tamil": ("ta",), "telugu": ("te",),
    "kannada": ("kn",), "malayalam": ("ml",), "sinhala": ("si",), "thai": ("th",), "lao": ("lo",), "tibetan": ("bo",),
    "burmese": ("my",), "georgian": ("ka",), "ethiopic": ("am", "ti"), "khmer": ("km",),
    "hangul": ("ko",), "kana": ("ja",), "han": ("zh", "cmn", "yue", "ja"),
}

_BLOCKS: tuple[tuple[int, int, str], ...] = (
    (0x0000, 0x024F, ""), (0x0370, 0x03FF, "greek"), (0x0400, 0x052F, "cyrillic"), (0x0531, 0x058F, "armenian"),
    (0x0590, 0x05FF, "hebrew"), (0x0600, 0x077F, "arabic"), (0x08A0, 0x08FF, "arabic"), (0x0900, 0x097F, "devanagari"),
    (0x0980, 0x09FF, "bengali"), (0x0A00, 0x0A7F, "gurmukhi"), (0x0A80, 0x0AFF, "gujarati"), (0x0B00, 0x0B7F, "oriya"),
    (0x0B80, 0x0BFF, "tamil"), (0x0C00, 0x0C7F, "telugu"), (0x0C80, 0x0CFF, "kannada"), (0x0D00, 0x0D7F, "malayalam"),
    (0x0D80, 0x0DFF, "sinhala"), (0x0E00, 0x0E7F, "thai"), (0x0E80, 0x0EFF, "lao"), (0x0F00, 0x0FFF, "tibetan"),
    (0x1000, 0x109F, "burmese"), (0x10A0, 0x10FF, "georgian"), (0x1100, 0x11FF, "hangul"), (0x1200, 0x139F, "ethiopic"),
    (0x1780, 0x17FF, "khmer"), (0x1E00, 0x1EFF, ""), (0x1F00, 0x1FFF, "greek"), (0x3040, 0x30FF, "kana"),
    (0x3130, 0x318F, "hangul"), (0x31F0, 0x31FF, "kana"), (0x3400, 0x9FFF, "han"), (0xAC00, 0xD7FF, "hangul"),
    (0xF900, 0xFAFF, "han"), (0xFB1D, 0xFB4F, "hebrew"), (0xFB50, 0xFDFF, "arabic"), (0xFE70, 0xFEFF, "arabic"),
    (0xFF66, 0xFF9F, "kana"), (0x20000, 0x3FFFF, "han"),
)
_STARTS = [low for low, _, _ in _BLOCKS]
