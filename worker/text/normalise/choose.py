"""Which rules a language has. Each language's are loaded when the first text asks for them."""

from collections.abc import Callable
from functools import cache
from importlib import import_module

from worker.text.normalise.edit import Rule, applied, find_edits

_MODULES = {"en": "english.rules", "zh": "han.chinese", "cmn": "han.chinese", "yue": "han.chinese", "ja": "han.japanese"}


@cache
def rules_for(language: str) -> tuple[Rule, ...]:
    """The rules for a BCP 47 tag; none where there are none, and for a language that is written in another script than its
    own: in pinyin a digit is a tone."""
    primary, *subtags = language.lower().split("-")
    if primary not in _MODULES or (primary != "en" and "latn" in subtags):
        return ()
    rules: Callable[[], tuple[Rule, ...]] = import_module(f"worker.text.normalise.{_MODULES[primary]}").rules
    return rules()


def normalise(text: str, language: str) -> str:
    """`text` as it is said in `language`, a BCP 47 tag."""
    return applied(text, find_edits(text, rules_for(language)))
