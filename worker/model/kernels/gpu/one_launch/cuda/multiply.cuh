// Two warpgroups multiply: each takes every other stage of all rows, and their halves are added.
#pragma once

// One of their threads. After a product it keeps `row`, columns 8 · j + 2 · quad (+ 1).
struct Multiplier {
    u32 base, rank;
    int me, lane, warp, group, quad, row;
    u32 stages, go, received;  // parities; `stages` has a bit a bay
    int* trouble;

    DEVICE Multiplier(u32 base, u32 rank, int* trouble)
        : base(base), rank(rank), me(thread_number()), lane(me & 31), warp(__shfl_sync(~0u, me >> 5, 0)), group(warp >> 2),
          quad(lane & 3),
          row(16 * (warp & 3) + 8 * group + (lane >> 2)), stages(0), go(0), received(0), trouble(trouble) {}

    DEVICE bool has_row() const { return row < ROWS; }
    DEVICE void ready() { wait_for(base + GO, go, trouble, THE_WORD_TO_GO); go ^= 1; }
    // What this warp wrote can be copied by any block after the next meeting, and what it read be copied over.
    DEVICE void finished() { fence_for_copies(); __syncwarp(); if (lane == 0) arrive(base + DONE); }
    DEVICE void all_meet() { meet_threads(1, N_MULTIPLIERS); }
    DEVICE void group_meets() { meet_threads(2 + group, 128); }
};

// wgmma's descriptor of a matrix without swizzling: core matrices of 8 × 16 bytes, 128 bytes apart along M or N and `k_step` bytes
// along K. It has 14 bits for an address in sixteenths: bits above, of the block's place in the cluster, would spill into k_step.
DEVICE u64 matrix(u32 low_half) { return ((u64)(128 >> 4) << 32) | low_half; }
DEVICE u32 matrix_at(u32 at, u32 k_step) { return ((k_step >> 4) << 16) | ((at & 0x3ffff) >> 4); }

// This warpgroup's stages of rows · weights. d[4 · j + (0 | 1)] is row 16 · warp + lane / 4, columns 8 · j + 2 · quad (+ 1);
// d[4 · j + (2 | 3)] is the eighth row after it.
template <int N> DEVICE void multiply_stages(Multiplier& m, float (&d)[N / 2], int n_stages) {
#pragma unroll
    for (int i = 0; i < N / 2; i++) d[i] = 0;
#pragma unroll 1
    for (int s = m.group; s < n_stages; s += 2) {
        const int bay = s % N_BAYS;
        wait_for(m.base + STAGE_HERE(bay), m.stages >> bay & 1, m.trouble, THE_STAGE); m.stages ^= 1u << bay;
        const u32 a = matrix_at(m.base + bay * BAY_BYTES, ROWS * 16);
        const u32 b = matrix_at(m.base + WEIGHTS_AT + s * (N * STAGE * 2), N * 16);
        begin_products();
#pragma unroll
        for (int k = 0; k < STAGE / 16; k++) product(d, matrix(a + k * (2 * ROWS)), matrix(b + k * (2 * N)));
        end_products();
        if (s + N_BAYS < n_stages) {  // the bay has a second turn
            await_products(); __syncwarp();
            if (m.lane == 0) arrive(m.base + BAY_FREE(bay));
        }
    }
    await_products(); products_are_settled(d);
    __syncwarp();
    if (m.lane == 0) arrive(m.base + WEIGHTS_FREE);
}

// The product of this block's rows and weights, N columns: sum[j] is columns 8 · j + 2 · quad (+ 1) of m.row.
template <int N> DEVICE void multiply(Multiplier& m, float2 (&sum)[N / 8], int n_stages) {
    float d[N / 2];
    multiply_stages<N>(m, d, n_stages);
    // The first warpgroup keeps rows lane / 4, the second those eighth after them; each gives the other's away through a bay.
    const int g = m.group;
    const u32 mine = m.base + g * BAY_BYTES + (m.me & 127) * 8, others = m.base + (1 - g) * BAY_BYTES + (m.me & 127) * 8;
    m.group_meets();  // all of this warpgroup have read its bays
#pragma unroll
    for (int j = 0; j < N / 8; j++) store_pair(mine + j * 1024, g ? d[4 * j] : d[4 * j + 2], g ? d[4 * j + 1] : d[4 * j + 3]);
    m.all_meet();
#pragma unroll
    for (int j = 0; j < N / 8; j++) {
        const float2 v = load_pair(others + j * 1024);
        sum[j].x = (g ? d[4 * j + 2] : d[4 * j]) + v.x; sum[j].y = (g ? d[4 * j + 3] : d[4 * j + 1]) + v.y;
    }
}
