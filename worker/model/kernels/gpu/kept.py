# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""kept.py on a GPU."""

import triton
import triton.language as tl


@triton.jit
def as_kept(x, kept: tl.constexpr):
    """As worker.model.kernels.kept.as_kept."""
    if kept == tl.float8e4nv:
        x = tl.clamp(x.to(tl.float32), -448.0, 448.0, propagate_nan=tl.PropagateNan.ALL)
    return x.to(kept)
