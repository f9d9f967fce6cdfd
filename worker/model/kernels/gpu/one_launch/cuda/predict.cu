// The code predictor's frame in one launch: codes 1 … 15 of up to ROWS rows (compute capability 9.0).
//
// 128 blocks stay on the GPU for the whole frame, each with a fixed share of every weight matrix, and meet after each phase: a
// phase reads what all blocks wrote in the one before. What a launch for each phase would cost, the weights' first bytes and the
// launch itself, falls away: weights of the next phase are on their way while blocks still meet.
//
// Read in this order: shape, frame, [ptx], waiting, producer, multiply, residual, attention, draw, opening, and the story below.
#include "shape.cuh"
#ifndef EMULATED
#include "ptx.cuh"
#endif
#include "numbers.cuh"
#include "frame.cuh"
#include "waiting.cuh"
#include "producer.cuh"
#include "multiply.cuh"
#include "residual.cuh"
#include "attention.cuh"
#include "philox.cuh"
#include "draw.cuh"
#include "opening.cuh"

// Queries, keys and values of all rows: 32 columns a block.
DEVICE void project_qkv(const Frame& f, Multiplier& m, Stream& x, int layer) {
    m.ready();
    const Squares squares(f, m);
    if (layer == 0) x.begin(f, m);
    float2 sum[QKV_COLUMNS / 8];
    multiply<QKV_COLUMNS>(m, sum, FULL_STAGES);
    const float scale = squares.scale(f.eps);
    if (m.has_row())
#pragma unroll
        for (int j = 0; j < QKV_COLUMNS / 8; j++)
            store_numbers(f.qkv + (size_t)m.row * QKV + blockIdx.x * QKV_COLUMNS + 8 * j + 2 * m.quad,
                          sum[j].x * scale, sum[j].y * scale);
    m.finished();
}

// A key-value head of a row a warp.
DEVICE void attend_to_places(const Frame& f, Multiplier& m, int layer, int place) {
    const int head_of_row = blockIdx.x + m.warp * N_BLOCKS;
    const bool is_one = head_of_row < f.n_rows * N_KV_HEADS;
    const size_t at = layer * f.layer_stride + (size_t)head_of_row * N_CODES * HEAD_DIM;
    Past past;
    if (is_one) load_past(past, f, f.keys + at, f.values + at, layer, place, m.lane);
    m.ready();
    if (is_one) attend(past, f, f.keys + at, f.values + at, head_of_row / N_KV_HEADS, head_of_row % N_KV_HEADS, place, m.lane);
    m.finished();
}

// The attention's output projection or the MLP's second one, added to the stream: 16 columns a cluster, half of K a block.
DEVICE void project_back(const Frame& f, Multiplier& m, Stream& x, const u16* next_norm, int n_stages) {
    const u32 weights = load_pair_constant(next_norm + x.column);
    m.ready();
    float2 sum[CLUSTER];
    multiply<RESIDUAL_COLUMNS>(m, sum, n_stages);
    add_to_stream(f, m, x, sum, weights);
    m.finished();
}

// silu(gate) · up: 24 columns of each a block, eight of gate and eight of up in turn.
DEVICE void gate_and_up(const Frame& f, Multiplier& m) {
    m.ready();
    const Squares squares(f, m);
    float2 sum[GATE_UP_COLUMNS / 8];
    multiply<GATE_UP_COLUMNS>(m, sum, FULL_STAGES);
    const float scale = squares.scale(f.eps);
    if (m.has_row())
#pragma unroll
        for (int j = 0; j < GATE_UP_COLUMNS / 16; j++) {
            const float gate_0 = rounded(sum[2 * j].x * scale), gate_1 = rounded(sum[2 * j].y * scale);
            const float up_0 = rounded(sum[2 * j + 1].x * scale), up_1 = rounded(sum[2 * j + 1].y * scale);
            store_numbers(f.gated + ((blockIdx.x * (GATE_UP_COLUMNS / 16) + j) * ROWS + m.row) * 8 + 2 * m.quad,
                          rounded(__fdividef(gate_0, 1.f + __expf(-gate_0))) * up_0,
                          rounded(__fdividef(gate_1, 1.f + __expf(-gate_1))) * up_1);
        }
    m.finished();
}

// Logits of the next code: 16 columns a block.
DEVICE void project_to_codes(const Frame& f, Multiplier& m) {
    m.ready();
    const Squares squares(f, m);
    float2 sum[HEAD_COLUMNS / 8];
    multiply<HEAD_COLUMNS>(m, sum, FULL_STAGES);
    const float scale = squares.scale(f.eps);
    if (m.has_row())
#pragma unroll
        for (int j = 0; j < HEAD_COLUMNS / 8; j++)
            store_numbers(f.logits + (size_t)m.row * VOCABULARY + blockIdx.x * HEAD_COLUMNS + 8 * j + 2 * m.quad,
                          sum[j].x * scale, sum[j].y * scale);
    m.finished();
}

DEVICE void multiply_frame(const Frame& f, u32 base, u32 rank) {
    Multiplier m(base, rank, f.trouble);
    Stream x(m);
    Row row(f);
#pragma unroll 1
    for (int place = 0;; place++) {
        row.open(f, m, place);
        if (place == N_CODES) break;
#pragma unroll 1
        for (int layer = 0; layer < N_LAYERS; layer++) {
            project_qkv(f, m, x, layer);
            attend_to_places(f, m, layer, place);
            project_back(f, m, x, f.gate_norms + layer * HIDDEN, OUT_STAGES);
            gate_and_up(f, m);
            project_back(f, m, x, layer + 1 < N_LAYERS ? f.input_norms + (layer + 1) * HIDDEN : f.last_norm, DOWN_STAGES);
        }
        if (place) project_to_codes(f, m);  // code 0 was drawn by the talker
    }
}

DEVICE void init_barriers(u32 base) {
    for (int bay = 0; bay < N_BAYS; bay++) {
        init_barrier(base + STAGE_HERE(bay), 1);
        init_barrier(base + BAY_FREE(bay), N_WARPS / 2);
    }
    init_barrier(base + GO, 1); init_barrier(base + RECEIVED, 1);
    init_barrier(base + DONE, N_WARPS); init_barrier(base + WEIGHTS_FREE, N_WARPS);
    show_barriers_to_cluster(); fence_for_copies();
}

extern "C" __global__ void __cluster_dims__(CLUSTER, 1, 1) __launch_bounds__(N_THREADS, 1)
predict(const __grid_constant__ Frame frame) {
    const u32 base = shared_base(), rank = cluster_rank();
    if (thread_number() == 0) init_barriers(base);
    __syncwarp();
    meet_cluster();
    if (thread_number() < N_MULTIPLIERS) multiply_frame(frame, base, rank);
    else if (thread_number() == N_MULTIPLIERS) Producer(frame, base, rank).run();
}
