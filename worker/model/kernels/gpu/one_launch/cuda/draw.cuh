// Drawing a code from a row's logits by a whole block, each multiplying thread with eight of them in order: what
// worker/model/kernels/sampling.py says, step by step.
#pragma once

static_assert(VOCABULARY == 8 * N_MULTIPLIERS, "a thread has eight logits");

// What the warps of a block tell each other. Consecutive exchanges take the two halves in turn: one meeting each.
struct Scratch {
    u32 counts[2][N_WARPS][2];
    float sums[2][N_WARPS][3];
    float best[N_WARPS];
    int best_code[N_WARPS], odd[N_WARPS];
    float squares[N_WARPS];
};
static_assert(sizeof(Scratch) <= SCRATCH_BYTES, "scratch is too small");

// How a slot's codes are drawn. `counter` is that of place 0.
struct Rules {
    float temperature, top_p;
    int top_k;
    u64 seed;
    u32 counter;

    DEVICE Rules(const Frame& f, int slot)
        : temperature(f.temperature[slot]), top_p(f.top_p[slot]), top_k(f.top_k[slot]), seed((u64)f.seed[slot]),
          counter((u32)(f.step[slot] * 16)) {}
};

// Keys compare as the logits do; of bfloat16 the upper half tells all. -0 is 0.
DEVICE u32 key_of(float logit) {
    if (logit == 0) logit = 0;
    const u32 bits = __float_as_uint(logit);
    return (bits >> 31 ? ~bits : bits | 0x80000000u) >> 16;
}

// The largest key that `count` keys reach; 0 where there are fewer.
DEVICE u32 key_of_count(Multiplier& m, Scratch& scratch, const u32 (&key)[8], int count) {
    u32 threshold = 0;
#pragma unroll 1
    for (int bit = 14; bit >= 0; bit -= 2) {  // two bits at once: three counts in one sum
        u64 n = 0;
#pragma unroll
        for (int i = 0; i < 8; i++)
#pragma unroll
            for (int c = 1; c < 4; c++) n += (u64)(key[i] >= (threshold | ((u32)c << bit))) << (16 * (c - 1));
        const u32 n0 = __reduce_add_sync(~0u, (u32)n), n1 = __reduce_add_sync(~0u, (u32)(n >> 32));
        u32 (*counts)[2] = scratch.counts[bit >> 1 & 1];
        if (m.lane == 0) { counts[m.warp][0] = n0; counts[m.warp][1] = n1; }
        m.all_meet();
        u32 a0 = 0, a1 = 0;
#pragma unroll
        for (int w = 0; w < N_WARPS; w++) { a0 += counts[w][0]; a1 += counts[w][1]; }
        const u32 more = (int)(a1 & 0xffff) >= count ? 3 : (int)(a0 >> 16) >= count ? 2 : (int)(a0 & 0xffff) >= count ? 1 : 0;
        threshold |= more << bit;
    }
    return threshold;
}

// Sums over the block, the same in every thread and in every run.
DEVICE void sum_of_block(Multiplier& m, float (&v)[3], float (*sums)[3]) {
#pragma unroll
    for (int c = 0; c < 3; c++) { v[c] = sum_of_warp(v[c]); if (m.lane == 0) sums[m.warp][c] = v[c]; }
    m.all_meet();
#pragma unroll
    for (int c = 0; c < 3; c++) {
        v[c] = 0;
#pragma unroll
        for (int w = 0; w < N_WARPS; w++) v[c] += sums[w][c];
    }
}

// Keeps the fewest of the likeliest whose probabilities together reach p, at least one; of equals at the edge the last.
DEVICE void keep_top_p(Multiplier& m, Scratch& scratch, float (&score)[8], const u32 (&key)[8], float top_p) {
    float top = score[0], mass[8], v[3];
#pragma unroll
    for (int i = 1; i < 8; i++) top = fmaxf(top, score[i]);
#pragma unroll
    for (int o = 16; o; o >>= 1) top = fmaxf(top, __shfl_xor_sync(~0u, top, o));
    if (m.lane == 0) scratch.best[m.warp] = top;
    m.all_meet();
#pragma unroll
    for (int w = 0; w < N_WARPS; w++) top = fmaxf(top, scratch.best[w]);
    v[0] = v[1] = v[2] = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) { mass[i] = expf(score[i] - top); v[0] += mass[i]; }  // the likeliest has 1
    sum_of_block(m, v, scratch.sums[0]);
    const float target = fmaxf(top_p * v[0], 1e-20f);

    u32 edge = 0;  // the largest key that keys of as much mass reach
#pragma unroll 1
    for (int bit = 14; bit >= 0; bit -= 2) {
#pragma unroll
        for (int c = 0; c < 3; c++) {
            v[c] = 0;
#pragma unroll
            for (int i = 0; i < 8; i++) v[c] += key[i] >= (edge | ((u32)(c + 1) << bit)) ? mass[i] : 0.f;
        }
        sum_of_block(m, v, scratch.sums[bit >> 1 & 1]);
        edge |= (u32)(v[2] >= target ? 3 : v[1] >= target ? 2 : v[0] >= target ? 1 : 0) << bit;
    }

    u32 after = 0, in_warp = 0;  // equals of later lanes of this warp, and of all of them
    v[0] = v[1] = v[2] = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        const u32 lanes = __ballot_sync(~0u, key[i] == edge);
        in_warp += __popc(lanes); after += __popc(lanes & (~1u << m.lane));
        v[0] += key[i] > edge ? mass[i] : 0.f;
    }
    if (m.lane == 0) scratch.counts[0][m.warp][0] = in_warp;
    sum_of_block(m, v, scratch.sums[1]);
#pragma unroll
    for (int w = 0; w < N_WARPS; w++) if (w > m.warp) after += scratch.counts[0][w][0];
#pragma unroll
    for (int i = 7; i >= 0; i--) {  // the last first: `after` counts up
        const bool equal = key[i] == edge;
        if (key[i] < edge || (equal && !(v[0] + (float)after * mass[i] < target))) score[i] = MINUS_INFINITY;
        after += equal;
    }
}

// The code of the block's row, and whether there was none to draw (then it is 0): NaN or +∞ among the logits, or nothing finite.
DEVICE int draw(Multiplier& m, Scratch& scratch, const u16* logits, const Rules& rules, u32 place, bool& bad) {
    const Eight v = load_fresh_eight(logits + m.me * 8);
    float score[8]; u32 key[8]; int odd = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        score[i] = i & 1 ? high(v.pair[i / 2]) : low(v.pair[i / 2]);
        odd |= !(score[i] < -MINUS_INFINITY);
        key[i] = key_of(score[i]);
    }
    odd = __any_sync(~0u, odd);
    if (rules.temperature > 0) {
        if (rules.top_k > 0) {
            const u32 threshold = key_of_count(m, scratch, key, rules.top_k);
#pragma unroll
            for (int i = 0; i < 8; i++) if (key[i] < threshold) score[i] = MINUS_INFINITY;
        }
#pragma unroll
        for (int i = 0; i < 8; i++) score[i] /= rules.temperature;
        if (rules.top_p < 1) keep_top_p(m, scratch, score, key, rules.top_p);
#pragma unroll
        for (int i = 0; i < 8; i++)
            if (score[i] > MINUS_INFINITY) score[i] += gumbel(rules.seed, m.me * 8 + i, rules.counter + place);
    }
    float best = score[0]; int code = m.me * 8;
#pragma unroll
    for (int i = 1; i < 8; i++) if (score[i] > best) { best = score[i]; code = m.me * 8 + i; }
#pragma unroll
    for (int o = 16; o; o >>= 1) {
        const float f = __shfl_xor_sync(~0u, best, o); const int j = __shfl_xor_sync(~0u, code, o);
        if (f > best || (f == best && j < code)) { best = f; code = j; }
    }
    if (m.lane == 0) { scratch.best[m.warp] = best; scratch.best_code[m.warp] = code; scratch.odd[m.warp] = odd; }
    m.all_meet();
    odd = 0;
#pragma unroll
    for (int w = 0; w < N_WARPS; w++) {
        const float f = scratch.best[w]; const int j = scratch.best_code[w];
        odd |= scratch.odd[w];
        if (f > best || (f == best && j < code)) { best = f; code = j; }
    }
    bad = odd || !(best > MINUS_INFINITY);
    return bad ? 0 : code;
}
