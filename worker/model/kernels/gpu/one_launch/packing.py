"""Weights as the kernel copies them: a block's share is one piece, cut along K into core matrices of 8 columns by 16 bytes.

A matrix [out, K] becomes [block, K / 8, columns, 8]: a block's columns stand beside each other for every eight of K, so that any
stretch of K is one piece, which wgmma reads without swizzling (PTX ISA, "wgmma: core matrices").
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.model.stack import Layer, Stack

N_BLOCKS = 128
CLUSTER = 2
"""Blocks that share columns: each sums its own half of K."""


@dataclass(frozen=True)
class PackedWeights:
    """Layers one after another; norms [layers, …] as they are."""

    qkv: Tensor         # [layers, block, hidden / 8, 32, 8]
    out: Tensor         # [layers, block, heads · dim / 2 / 8, 16, 8]
    gate_up: Tensor     # [layers, block, hidden / 8, 48, 8]
    down: Tensor        # [layers, block, intermediate / 2 / 8, 16, 8]
    head: Tensor        # [codes − 1, block, hidden / 8, 16, 8]
    input_norms: Tensor
    gate_norms: Tensor
    last_norm: Tensor
    q_norms: Tensor
    k_norms: Tensor

    @property
    def tensors(self) -> list[Tensor]:
        return list(vars(self).values())


def pack(stack: Stack, heads: Sequence[Tensor]) -> PackedWeights:
    """A second copy of the code predictor's weights; `heads` [vocabulary, hidden] each. 220 MB of the released ones."""
    def norms(of: Callable[[Layer], Tensor]) -> Tensor:
        return torch.stack([of(layer) for layer in stack.layers])

    def packed(matrices: Sequence[Tensor], cut: Callable[[Tensor], Tensor]) -> Tensor:
        return torch.stack([in_core_matrices(cut(matrix)) for matrix in matrices])

    layers = stack.layers
    return PackedWeights(
        qkv=packed([layer.qkv for layer in layers], by_block),
        out=packed([layer.output for layer in layers], by_cluster),
        gate_up=packed([layer.gate_up for layer in layers], gate_beside_up),
        down=packed([layer.down for layer in layers], by_cluster),
        head=packed(heads, by_block),
        input_norms=norms(lambda layer: layer.input_norm),
        gate_norms=norms(lambda layer: layer.gate_norm),
        last_norm=stack.norm,
        q_norms=norms(lambda layer: layer.q_norm),
        k_norms=norms(lambda layer: layer.k_norm),
    )


def in_core_matrices(shares: Tensor) -> Tensor:
    """[block, columns, K] → [block, K / 8, columns, 8]"""
    n_blocks, n_columns, k = shares.shape
    return shares.reshape(n_blocks, n_columns, k // 8, 8).transpose(1, 2).contiguous()


def by_block(matrix: Tensor) -> Tensor:
    """[out, K] → [block, out / blocks, K]: each block has all of K."""
    return matrix.view(N_BLOCKS, -1, matrix.shape[1])


def by_cluster(matrix: Tensor) -> Tensor:
    """[out, K] → [block, out / clusters, K / 2]: a cluster's blocks have the same columns, each its half of K."""
    n_columns = matrix.shape[0] * CLUSTER // N_BLOCKS
    halves = matrix.view(N_BLOCKS // CLUSTER, n_columns, CLUSTER, -1)  # [cluster, columns, half, K / 2]
    return halves.transpose(1, 2).reshape(N_BLOCKS, n_columns, -1)


def gate_beside_up(gate_up: Tensor) -> Tensor:
    """[2 · out, K], the gate's rows first → [block, 2 · out / blocks, K]: eight of gate, eight of up, eight of gate …"""
    eights = gate_up.view(2, N_BLOCKS, -1, 8, gate_up.shape[1])  # [gate or up, block, eights, 8, K]
    return eights.permute(1, 2, 0, 3, 4).reshape(N_BLOCKS, -1, gate_up.shape[1])
