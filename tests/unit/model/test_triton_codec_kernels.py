"""The codec's Triton kernels against their torch twins, without a GPU too."""

from tests.unit.model.interpreted import assert_pass


def test_every_triton_kernel_of_the_codec_computes_what_its_torch_twin_computes() -> None:
    assert_pass("triton_codec_kernels.py")
