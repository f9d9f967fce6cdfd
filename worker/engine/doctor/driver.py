"""torch, and whether the NVIDIA driver is new enough for it. Loads torch, but starts no CUDA."""

import ctypes

from worker.engine.doctor.finding import Finding

Version = tuple[int, int]


def torch_build() -> Finding:
    try:
        import torch
    except ImportError as error:
        return Finding("torch", "missing", f"cannot be imported: {error}",
                       "make setup-gpu; or pip install torch, the build for your GPU (pytorch.org)")
    cuda = f"with CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    return Finding("torch", "ok", f"{torch.__version__}, {cuda}")


def driver() -> Finding:
    """Of the installed torch and the installed driver."""
    import torch

    major, _, minor = (torch.version.cuda or "").partition(".")
    return match((int(major), int(minor.partition(".")[0] or 0)) if major else None, newest_cuda())


def match(of_torch: Version | None, of_driver: Version | None) -> Finding:
    """The CUDA that torch was built with, and the newest that the driver knows; None where there is none. Within a major version
    any minor one will do (CUDA's minor version compatibility)."""
    if of_driver is None:
        return Finding("NVIDIA driver", "unused", "none is installed")
    known = f"knows CUDA up to {_dotted(of_driver)}"
    if of_torch is None:
        return Finding("NVIDIA driver", "warning", f"{known}, but this torch is built without CUDA", "make setup-gpu")
    if of_driver[0] < of_torch[0]:
        return Finding("NVIDIA driver", "warning", f"{known}, but this torch needs CUDA {_dotted(of_torch)}",
                       f"a newer driver, or torch built for CUDA {of_driver[0]}: make setup-gpu takes the one that fits")
    return Finding("NVIDIA driver", "ok", f"{known}; torch needs {_dotted(of_torch)}")


def newest_cuda() -> Version | None:
    """As the driver's own library says (CUDA driver API, cuDriverGetVersion), without starting it."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    number = ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(number)) != 0:
        return None
    return number.value // 1000, number.value % 1000 // 10


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
