"""All findings, in the order in which they can be mended: what cannot be told without torch is left out where it is absent."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from worker.engine.doctor import cards
from worker.engine.doctor.driver import driver, torch_build
from worker.engine.doctor.finding import Asked, Finding


def findings(asked: Asked) -> Iterator[Finding]:
    # Asked before torch is: what it takes of the GPU itself would count as another's.
    present = cards.present()
    torch_found = torch_build()
    yield torch_found
    if asked.voice == "reference":
        yield _qwen_tts()
    if torch_found.state == "missing":
        return
    yield driver()
    from worker.engine.doctor import gpu, host, kernels, room

    placement, device_found = gpu.device(asked)
    yield device_found
    if placement is None:
        return
    on_cuda = placement.device.type == "cuda"
    yield gpu.numbers(placement)
    if on_cuda:
        yield gpu.capability(placement.device)
        yield cards.sharing(present, gpu.uuid(placement.device))
    if asked.voice == "qwen3":
        yield from kernels.kernels(placement)
    yield kernels.flash_attention(placement)
    yield host.cores(asked, on_cuda=on_cuda)
    checkpoint, checkpoint_found = room.checkpoint(asked)
    yield checkpoint_found
    if checkpoint is not None and asked.voice == "qwen3":
        yield room.slots(asked, placement, checkpoint)


def _qwen_tts() -> Finding:
    try:
        return Finding("qwen-tts", "ok", f"{version('qwen-tts')} with transformers {version('transformers')}")
    except PackageNotFoundError:
        return Finding("qwen-tts", "missing", "not installed",
                       "pip install 'speechmill[reference]', in an environment without speechmill[gpu]")
