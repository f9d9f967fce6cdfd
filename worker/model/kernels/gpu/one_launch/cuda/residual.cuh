// The residual stream: RMSNorm before a product, the sum after it.
//
// A norm costs one pass: rows are multiplied by the norm's weight when they are written, parts of their squares are summed beside,
// and the product is scaled by the root of their mean at its end.
#pragma once

// A row's parts of the sum of squares: a fourth of them in each of the row's four threads, asked for before the product.
struct Squares {
    float part[N_CLUSTERS / 4];

    DEVICE Squares(const Frame& f, const Multiplier& m) {
#pragma unroll
        for (int i = 0; i < N_CLUSTERS / 4; i++)
            part[i] = m.has_row() ? __uint_as_float(load_fresh(f.squares + (m.quad * (N_CLUSTERS / 4) + i) * ROWS + m.row)) : 0.f;
    }
    // What the row is scaled by.
    DEVICE float scale(float eps) const {
        float s = 0;
#pragma unroll
        for (int i = 0; i < N_CLUSTERS / 4; i++) s += part[i];
        s += __shfl_xor_sync(~0u, s, 1); s += __shfl_xor_sync(~0u, s, 2);
        return rsqrtf(s / HIDDEN + eps);
    }
};

// One thread's two columns of one row of the stream, which stay in its register through all layers. Threads from 4 · ROWS on
// have none.
struct Stream {
    u32 pair;
    int row, eight, column;

    DEVICE Stream(const Multiplier& m)
        : pair(0), row(m.rank * CLUSTER_ROWS + m.me / (4 * CLUSTER)),
          eight((blockIdx.x / CLUSTER) * CLUSTER + (m.me >> 2) % CLUSTER), column(eight * 8 + 2 * m.quad) {}

    DEVICE int tiled() const { return (eight * ROWS + row) * 8 + column % 8; }
    DEVICE void begin(const Frame& f, const Multiplier& m) { if (m.me < 4 * ROWS) pair = load_fresh(f.residual + tiled()); }
};

// A cluster's two partial sums of its sixteen columns meet: each block sends the other its rows and finishes its own. It adds the
// stream, and leaves what the next product reads: the stream times the norm `weights`, and its part of the squares.
DEVICE void add_to_stream(const Frame& f, Multiplier& m, Stream& x, float2 (&sum)[CLUSTER], u32 weights) {
    if (m.me == 0) expect_bytes(m.base + RECEIVED, 4 * CLUSTER_ROWS * 16);
    if (m.has_row()) {
        const u32 owner = m.row / CLUSTER_ROWS, at = ((m.row % CLUSTER_ROWS) * 4 + m.quad) * 16;
        const u32 there = in_block(m.base + RECEIVE_AT + at, owner), its_barrier = in_block(m.base + RECEIVED, owner);
        if (owner == m.rank) {
            store_pair(m.base + OWN_AT + at, sum[0].x, sum[0].y);
            store_pair(m.base + OWN_AT + at + 8, sum[1].x, sum[1].y);
        } else send(there, sum[0].x, sum[0].y, sum[1].x, sum[1].y, its_barrier);
    }
    m.all_meet();
    u32 n_polls = 0;
    while (!passed_in_cluster(m.base + RECEIVED, m.received)) if (gives_up(n_polls, m.trouble, THE_OTHERS_SUMS)) break;
    m.received ^= 1;
    if (m.me < 4 * ROWS) {
        const u32 at = ((m.me / (4 * CLUSTER)) * 4 + m.quad) * 16 + ((m.me >> 2) % CLUSTER) * 8;
        const float2 own = load_pair(m.base + OWN_AT + at), others = load_pair(m.base + RECEIVE_AT + at);
        const float x0 = rounded(low(x.pair) + rounded(own.x + others.x)), x1 = rounded(high(x.pair) + rounded(own.y + others.y));
        float s = x0 * x0 + x1 * x1;
        x.pair = pack(x0, x1);
        store_numbers(f.weighed + x.tiled(), x0 * low(weights), x1 * high(weights));
#pragma unroll
        for (int o = 1; o < 4 * CLUSTER; o *= 2) s += __shfl_xor_sync(~0u, s, o);
        if (m.me % (4 * CLUSTER) == 0) f.squares[(blockIdx.x / CLUSTER) * ROWS + x.row] = s;
    }
}
