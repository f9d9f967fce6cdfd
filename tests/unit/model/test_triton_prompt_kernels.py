"""The Triton kernel of prompts against its torch twin, without a GPU too."""

from tests.unit.model.interpreted import assert_pass


def test_the_triton_kernel_of_prompts_computes_what_its_torch_twin_computes() -> None:
    assert_pass("triton_prompt_kernels.py")
