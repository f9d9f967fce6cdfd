"""CUDA C++ compiled when it is needed, by the NVRTC that came with torch (CUDA toolkit, "NVRTC"). Called by ctypes: torch offers
no public way to it."""

import ctypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch

from worker.model.kernels.gpu.one_launch.unavailable import Unavailable

SOURCES = Path(__file__).with_name("cuda")
MAIN = "predict.cu"
ARCHITECTURE = "sm_90a"
"""wgmma is 9.0's alone, and so is what is compiled with it."""


def compile_cubin(defines: Mapping[str, int]) -> bytes:
    """cuda/predict.cu and what it includes. Needs no GPU. Raises Unavailable without NVRTC, or where it does not compile."""
    library = _library()
    options = [f"-arch={ARCHITECTURE}", "-std=c++17", "-default-device", *(f"-D{name}={n}" for name, n in defines.items())]
    program = _program(library)
    try:
        failed = library.nvrtcCompileProgram(program, len(options), _strings(options))
        if failed:
            log = _read(library, program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog").rstrip(b"\0\n").decode(errors="replace")
            raise Unavailable(f"{MAIN} does not compile (NVRTC error {failed}): {log}")
        return _read(library, program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN")
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def _program(library: ctypes.CDLL) -> ctypes.c_void_p:
    program = ctypes.c_void_p()
    headers = {path.name: path.read_text() for path in sorted(SOURCES.glob("*.cuh"))}
    failed = library.nvrtcCreateProgram(
        ctypes.byref(program), (SOURCES / MAIN).read_text().encode(), MAIN.encode(),
        len(headers), _strings(list(headers.values())), _strings(list(headers)),
    )
    if failed:
        raise Unavailable(f"NVRTC takes no program (error {failed})")
    return program


def _read(library: ctypes.CDLL, program: ctypes.c_void_p, size: str, what: str) -> bytes:
    n_bytes = ctypes.c_size_t()
    failed = getattr(library, size)(program, ctypes.byref(n_bytes))
    into = ctypes.create_string_buffer(n_bytes.value)
    failed = failed or getattr(library, what)(program, into)
    if failed:
        raise Unavailable(f"NVRTC's {what} fails (error {failed})")
    return into.raw


def _strings(texts: list[str]) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * len(texts))(*(text.encode() for text in texts))


@cache
def _library() -> ctypes.CDLL:
    """torch's own: loaded already, found by the system, or among the wheels beside torch."""
    for name in (f"libnvrtc.so.{major}" for major in _majors()):
        for path in (name, *map(str, beside_torch(name))):
            try:
                return _with_its_headers(path)
            except OSError:
                continue
    raise Unavailable("libnvrtc is neither loaded, nor on the system's path, nor in a wheel beside torch")


def _with_its_headers(path: str) -> ctypes.CDLL:
    """It looks for libnvrtc-builtins by name alone, which finds what is loaded."""
    for builtins in Path(path).parent.glob("libnvrtc-builtins.so.*") if "/" in path else ():
        ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(path)


def _majors() -> tuple[str, ...]:
    """torch's CUDA first."""
    own = (torch.version.cuda or "").partition(".")[0]
    return tuple(dict.fromkeys(major for major in (own, "13", "12") if major))


def beside_torch(name: str) -> list[Path]:
    """Where the wheels that torch depends on have a library of that name."""
    return sorted((Path(torch.__file__).parents[1] / "nvidia").glob(f"*/lib/{name}"))
