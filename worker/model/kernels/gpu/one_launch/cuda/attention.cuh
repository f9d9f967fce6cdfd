// Attention over a frame's places: a warp has both query heads of one key-value head of one row. A lane has numbers 2 · lane (+ 1)
// of each head's first half and of its second, for those turn together.
#pragma once

struct Turn { u32 q0, q1, k0, k1, cos, sin; };

// What was there before the meeting: keys and values of earlier places, which this very thread wrote, and the tables.
struct Past {
    u32 k0[N_CODES - 1], k1[N_CODES - 1], v0[N_CODES - 1], v1[N_CODES - 1];
    Turn turn;
};
DEVICE void load_past(Past& past, const Frame& f, const u16* keys, const u16* values, int layer, int place, int lane) {
#pragma unroll
    for (int p = 0; p < N_CODES - 1; p++) {
        past.k0[p] = past.k1[p] = past.v0[p] = past.v1[p] = 0;
        if (p < place) {
            const int at = p * HEAD_DIM + 2 * lane;
            past.k0[p] = load_fresh(keys + at); past.k1[p] = load_fresh(keys + at + 64);
            past.v0[p] = load_fresh(values + at); past.v1[p] = load_fresh(values + at + 64);
        }
    }
    const u16 *q_norm = f.q_norms + layer * HEAD_DIM + 2 * lane, *k_norm = f.k_norms + layer * HEAD_DIM + 2 * lane;
    const int angle = place * (HEAD_DIM / 2) + 2 * lane;
    past.turn = {
        load_pair_constant(q_norm), load_pair_constant(q_norm + 64), load_pair_constant(k_norm), load_pair_constant(k_norm + 64),
        load_pair_constant(f.cos + angle), load_pair_constant(f.sin + angle)};
}

// RMSNorm of one head over the warp, then the rotation; rounded where the model rounds.
DEVICE void norm_and_turn(float (&v)[4], u32 norm_0, u32 norm_1, const Turn& t, float eps) {
    const float r = rsqrtf(sum_of_warp(v[0] * v[0] + v[1] * v[1] + v[2] * v[2] + v[3] * v[3]) / HEAD_DIM + eps);
    const float a0 = rounded(rounded(v[0] * r) * low(norm_0)), a1 = rounded(rounded(v[1] * r) * high(norm_0));
    const float b0 = rounded(rounded(v[2] * r) * low(norm_1)), b1 = rounded(rounded(v[3] * r) * high(norm_1));
    v[0] = rounded(rounded(a0 * low(t.cos)) - rounded(b0 * low(t.sin)));
    v[1] = rounded(rounded(a1 * high(t.cos)) - rounded(b1 * high(t.sin)));
    v[2] = rounded(rounded(b0 * low(t.cos)) + rounded(a0 * low(t.sin)));
    v[3] = rounded(rounded(b1 * high(t.cos)) + rounded(a1 * high(t.sin)));
}
// 32 sums over the warp at once: five halvings, after which lane l has the sum of s[l].
template <int O> DEVICE void halve(float (&s)[32], int lane) {
    const bool upper = lane & O;
#pragma unroll
    for (int i = 0; i < O; i++) {
        const float give = upper ? s[i] : s[i + O], keep = upper ? s[i + O] : s[i];
        s[i] = keep + __shfl_xor_sync(~0u, give, O);
    }
}
DEVICE void unpack(float (&v)[4], const u32* pairs) {
    v[0] = low(pairs[0]); v[1] = high(pairs[0]); v[2] = low(pairs[1]); v[3] = high(pairs[1]);
}

// Key and value of `place` join the cache, and both query heads attend to keys 0 … place.
DEVICE void attend(const Past& past, const Frame& f, u16* keys, u16* values, int row, int kv_head, int place, int lane) {
    u32 pairs[8];  // two query heads, the key, the value: two pairs each
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const int head = i < 2 ? 2 * kv_head + i : i == 2 ? N_HEADS + kv_head : N_HEADS + N_KV_HEADS + kv_head;
        const u16* from = f.qkv + (size_t)row * QKV + head * HEAD_DIM + 2 * lane;
        pairs[2 * i] = load_fresh(from); pairs[2 * i + 1] = load_fresh(from + 64);
    }
    float q[2][4], k[4], v[4];
    unpack(q[0], pairs); unpack(q[1], pairs + 2); unpack(k, pairs + 4); unpack(v, pairs + 6);
    const Turn& t = past.turn;
    norm_and_turn(q[0], t.q0, t.q1, t, f.eps); norm_and_turn(q[1], t.q0, t.q1, t, f.eps); norm_and_turn(k, t.k0, t.k1, t, f.eps);
    const int at = place * HEAD_DIM + 2 * lane;
    store_numbers(keys + at, k[0], k[1]); store_numbers(keys + at + 64, k[2], k[3]);
    *(u32*)(values + at) = pairs[6]; *(u32*)(values + at + 64) = pairs[7];

    float s[32];  // 16 · head + key; the sixteenth is the new one
#pragma unroll
    for (int h = 0; h < 2; h++) {
#pragma unroll
        for (int p = 0; p < 15; p++)
            s[h * 16 + p] = p >= N_CODES - 1 ? 0.f
                : q[h][0] * low(past.k0[p]) + q[h][1] * high(past.k0[p]) + q[h][2] * low(past.k1[p]) + q[h][3] * high(past.k1[p]);
        s[h * 16 + 15] = q[h][0] * k[0] + q[h][1] * k[1] + q[h][2] * k[2] + q[h][3] * k[3];
    }
    halve<16>(s, lane); halve<8>(s, lane); halve<4>(s, lane); halve<2>(s, lane); halve<1>(s, lane);
    const int key = lane & 15;
    const bool is_key = key < place || key == 15;
    const float score = is_key ? s[0] * 0.08838834764831845f : -1e30f;  // 128^-½
    float top = score;
#pragma unroll
    for (int o = 8; o; o >>= 1) top = fmaxf(top, __shfl_xor_sync(~0u, top, o));
    float weight = is_key ? __expf(score - top) : 0.f, mass = weight;
    weight = rounded(weight);
#pragma unroll
    for (int o = 8; o; o >>= 1) mass += __shfl_xor_sync(~0u, mass, o);
#pragma unroll
    for (int h = 0; h < 2; h++) {
        const float r = __fdividef(1.f, __shfl_sync(~0u, mass, h * 16));
        float w = __shfl_sync(~0u, weight, h * 16 + 15), o[4] = {w * v[0], w * v[1], w * v[2], w * v[3]};
#pragma unroll
        for (int p = 0; p < N_CODES - 1; p++) {
            w = __shfl_sync(~0u, weight, h * 16 + p);
            o[0] += w * low(past.v0[p]); o[1] += w * high(past.v0[p]); o[2] += w * low(past.v1[p]); o[3] += w * high(past.v1[p]);
        }
        const int eight = (2 * kv_head + h) * (HEAD_DIM / 8) + (lane >> 2), within = 2 * (lane & 3);
        store_numbers(f.attended + (eight * ROWS + row) * 8 + within, o[0] * r, o[1] * r);
        store_numbers(f.attended + ((eight + 8) * ROWS + row) * 8 + within, o[2] * r, o[3] * r);
    }
}
