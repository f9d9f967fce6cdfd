"""The Triton kernels against their torch twins, without a GPU too."""

import pytest

from tests.unit.model.interpreted import assert_pass


@pytest.mark.timeout(600)  # 20 s of CPU, on a machine that may be busy
def test_every_triton_kernel_computes_what_its_torch_twin_computes() -> None:
    assert_pass("triton_kernels.py", "triton_attention_kernels.py")
