"""Verbs for a tenant's lexicons."""

from speechmill.lexicon.kept import KeptLexicon, LexiconContent
from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Call


def put_lexicon(tenant: str, name: str, content: LexiconContent, *, most: int) -> Call[KeptLexicon | None]:
    """Instead of the one of that name. None: the tenant has `most` others already."""
    return Call(SCRIPTS["put_lexicon"], (tenant, name, content.sha256, content.entries, content.text, most),
                lambda reply: None if reply is None else _kept(name, reply))


def lexicons(tenant: str) -> Call[list[KeptLexicon]]:
    """All of a tenant's, by name."""
    return Call(SCRIPTS["lexicons"], (tenant,),
                lambda reply: [_kept(name, known) for name, known in sorted(zip(reply[::2], reply[1::2], strict=True))])


def lexicon(tenant: str, name: str) -> Call[tuple[KeptLexicon, str] | None]:
    """What is known of it, and its content."""
    return Call(SCRIPTS["lexicon"], (tenant, name), lambda reply: None if reply is None else (_kept(name, reply[0]), reply[1]))


def drop_lexicon(tenant: str, name: str) -> Call[bool]:
    """False where there was none."""
    return Call(SCRIPTS["drop_lexicon"], (tenant, name), bool)


def _kept(name: str, known: str) -> KeptLexicon:
    sha256, entries, size, updated = known.split(" ")
    return KeptLexicon(name, sha256, int(entries), int(size), int(updated))
