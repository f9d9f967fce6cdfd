"""A voice of the tenant's, or one of the catalogue's."""

from collections.abc import Awaitable, Callable

from producer.desk import Desk
from producer.waiting import wait_until
from speechmill.catalogue import Catalogue, ModelInfo, VoiceInfo
from speechmill.errors import InvalidRequest, NotFound
from speechmill.store.voices import look_at_voice
from speechmill.voice import Voice


async def find_voice(desk: Desk, voice_id: str, tenant: str) -> Voice:
    """Raises NotFound, also for another tenant's."""
    voice = await desk.store.run(look_at_voice(voice_id, tenant))
    if voice is None:
        raise voice_not_found(voice_id)
    return voice


async def settled_voice(desk: Desk, voice_id: str, tenant: str, wait_s: float | None) -> Voice:
    """The voice; with `wait_s`, once it is ready or has failed, or the time is over. Raises NotFound."""
    look: Callable[[], Awaitable[Voice]] = lambda: find_voice(desk, voice_id, tenant)  # noqa: E731 - its type is said here
    if wait_s is None:
        return await look()
    with desk.feed.watching(voice_id, until_end=True) as watch:
        return await wait_until(watch, look, lambda voice: voice.state != "preparing", wait_s)


def catalogue_voice(voice_id: str, model_id: str, catalogue: Catalogue) -> tuple[VoiceInfo, ModelInfo]:
    """A voice by its id or alias: of the model called `model_id`, or of the first that has it, the default one before others.
    Raises NotFound."""
    if not catalogue.models:
        raise voice_not_found(voice_id)
    for model in (catalogue.model(model_id),) if model_id else (catalogue.default, *catalogue.models):
        try:
            return model.voice(voice_id), model
        except InvalidRequest:
            continue
    raise voice_not_found(voice_id)


def voice_not_found(voice_id: str) -> NotFound:
    return NotFound(f"There is no voice {voice_id[:80]!r}.", param="id", code="voice_not_found")
