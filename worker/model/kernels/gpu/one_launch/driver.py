"""A compiled kernel on the GPU, by the CUDA driver API (cuda.h): torch offers no public way to launch clusters."""

import ctypes
from functools import cache

import torch

from worker.model.kernels.gpu.one_launch.arguments import FrameArguments
from worker.model.kernels.gpu.one_launch.packing import CLUSTER, N_BLOCKS
from worker.model.kernels.gpu.one_launch.unavailable import Unavailable

N_THREADS = 288
SHARED_BYTES = 227 * 1024
"""All that a block may have: cuda/shape.cuh takes nearly that, and two blocks must never share a multiprocessor."""

_MAX_DYNAMIC_SHARED = 8   # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
_COOPERATIVE = 2          # CU_LAUNCH_ATTRIBUTE_COOPERATIVE
_CLUSTER_DIMENSION = 4    # CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION


class _Attribute(ctypes.Structure):
    """CUlaunchAttribute: the value is a union of 64 bytes."""

    _fields_ = [("id", ctypes.c_int), ("padding", ctypes.c_int), ("value", ctypes.c_uint * 16)]


class _Config(ctypes.Structure):
    """CUlaunchConfig."""

    _fields_ = [
        ("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3), ("shared_bytes", ctypes.c_uint), ("stream", ctypes.c_void_p),
        ("attributes", ctypes.POINTER(_Attribute)), ("n_attributes", ctypes.c_uint),
    ]


class Kernel:
    """`predict` of one cubin, in the current CUDA context."""

    def __init__(self, cubin: bytes) -> None:
        """Raises Unavailable where the driver does not take it, or the GPU can't hold all its blocks at once."""
        self._driver = _driver()
        module, self._function = ctypes.c_void_p(), ctypes.c_void_p()
        self._call("cuModuleLoadData", ctypes.byref(module), cubin)
        self._call("cuModuleGetFunction", ctypes.byref(self._function), module, b"predict")
        self._call("cuFuncSetAttribute", self._function, _MAX_DYNAMIC_SHARED, SHARED_BYTES)
        n_clusters, config = ctypes.c_int(), _config(cooperative=False)  # the question is how many there is room for
        self._call("cuOccupancyMaxActiveClusters", ctypes.byref(n_clusters), self._function, ctypes.byref(config))
        if n_clusters.value * CLUSTER < N_BLOCKS:
            raise Unavailable(f"this GPU holds {n_clusters.value} clusters of {CLUSTER} blocks at once, of {N_BLOCKS // CLUSTER}")

    def launch(self, frame: FrameArguments) -> None:
        """On torch's current stream, captured where that is being captured.

        Cooperative: all blocks are resident, or none. They wait for each other, so of two launches that each had got a part of
        the GPU neither would ever end. Raises Unavailable where the driver refuses."""
        parameters = (ctypes.c_void_p * 1)(ctypes.addressof(frame))
        config = _config(cooperative=True)
        config.stream = torch.cuda.current_stream().cuda_stream
        self._call("cuLaunchKernelEx", ctypes.byref(config), self._function, parameters, None)

    def _call(self, name: str, *arguments: object) -> None:
        failed = getattr(self._driver, name)(*arguments)
        if failed:
            raise Unavailable(f"the CUDA driver's {name} fails: {_error_name(self._driver, failed)}")


def _config(*, cooperative: bool) -> _Config:
    cluster = _Attribute(id=_CLUSTER_DIMENSION)
    cluster.value[:3] = CLUSTER, 1, 1
    attributes = [cluster]
    if cooperative:
        attributes.append(_Attribute(id=_COOPERATIVE))
        attributes[-1].value[0] = 1
    array = (_Attribute * len(attributes))(*attributes)
    return _Config(
        grid=(N_BLOCKS, 1, 1), block=(N_THREADS, 1, 1), shared_bytes=SHARED_BYTES,
        attributes=ctypes.cast(array, ctypes.POINTER(_Attribute)), n_attributes=len(array),
    )


def _error_name(driver: ctypes.CDLL, error: int) -> str:
    name = ctypes.c_char_p()
    driver.cuGetErrorName(error, ctypes.byref(name))
    return name.value.decode() if name.value else f"error {error}"


@cache
def _driver() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise Unavailable(f"the CUDA driver can't be loaded: {error}") from error
