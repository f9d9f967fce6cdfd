"""Memory of the device as torch's allocator has it, for the engine's gauges."""

import torch


def device_gauges(device: torch.device) -> dict[str, float]:
    """`gpu_allocated_bytes` is in use by tensors and CUDA graphs, `gpu_reserved_bytes` what the process holds, so that nobody
    else has it; the driver's own share comes on top. Empty for a CPU."""
    if device.type != "cuda":
        return {}
    return {"gpu_allocated_bytes": torch.cuda.memory_allocated(device), "gpu_reserved_bytes": torch.cuda.memory_reserved(device)}
