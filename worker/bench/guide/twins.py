"""Our kernels switched off, so that a row can say what they are worth. Only for a process that measures just this."""

import torch


def compute_by_twins() -> None:
    """From now on no tensor says that it is on CUDA, by which worker/model/kernels/ choose between a kernel and its twin in
    plain torch operators. These run on the device all the same: torch itself asks a tensor's `device`."""
    torch.Tensor.is_cuda = False
