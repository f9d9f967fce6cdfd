"""Which aligner a worker has."""

from worker.align.ctc import CtcAligner
from worker.align.own import OwnWords
from worker.align.recogniser import Recogniser
from worker.align.seam import Aligner
from worker.voices.seam import KnowsWords, Voice


def open_aligner(voice: Voice, model: str) -> Aligner | None:
    """For a voice that is warm: what it knows itself, else the recogniser `model`, if one is named; None where nobody can tell
    when a word is heard. Raises VoiceFailed where the recogniser can't be loaded."""
    speaks: object = voice
    if isinstance(speaks, KnowsWords) and speaks.knows_words:
        return OwnWords(speaks)
    if not model:
        return None
    recogniser = Recogniser(model)
    recogniser.start()
    return CtcAligner(recogniser)
