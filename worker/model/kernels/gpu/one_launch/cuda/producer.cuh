// The one thread of a block that asks for all bulk copies, says when a phase may go, and meets the other blocks.
//
// Weights never wait for a meeting: a product's are asked for as soon as those before have been read, so they cross the wire while
// blocks still meet. Only rows wait, for other blocks write them.
#pragma once

struct Producer {
    const Frame& frame;
    u32 base, rank;
    int meeting;
    u32 done, weights_free, bays_free;  // parities

    DEVICE Producer(const Frame& frame, u32 base, u32 rank)
        : frame(frame), base(base), rank(rank), meeting(0), done(0), weights_free(0), bays_free(0) {}

    // All places of a frame, in the order of multiplier's phases (predict.cu).
    DEVICE void run() {
        const int b = blockIdx.x;
        const u16* qkv = frame.qkv_weights + (size_t)b * QKV_COLUMNS * HIDDEN;
        const u16* out = frame.out_weights + (size_t)b * (RESIDUAL_COLUMNS / CLUSTER) * ATTENDED;
        const u16* gate_up = frame.gate_up_weights + (size_t)b * GATE_UP_COLUMNS * HIDDEN;
        const u16* down = frame.down_weights + (size_t)b * (RESIDUAL_COLUMNS / CLUSTER) * INTERMEDIATE;
        const u16* head = frame.head_weights + (size_t)b * HEAD_COLUMNS * HIDDEN;
        weights(qkv, QKV_COLUMNS, FULL_STAGES);
        go();
#pragma unroll 1
        for (int place = 0; place < N_CODES; place++) {
            meet(); all_rows(frame.weighed); go();
#pragma unroll 1
            for (int layer = 0; layer < N_LAYERS; layer++) {
                next_weights(out + (size_t)layer * HIDDEN * ATTENDED, RESIDUAL_COLUMNS, OUT_STAGES);
                meet(); go();
                meet(); own_rows(frame.attended, OUT_STAGES); go();
                next_weights(gate_up + (size_t)layer * 2 * INTERMEDIATE * HIDDEN, GATE_UP_COLUMNS, FULL_STAGES);
                meet(); all_rows(frame.weighed); go();
                next_weights(down + (size_t)layer * HIDDEN * INTERMEDIATE, RESIDUAL_COLUMNS, DOWN_STAGES);
                // The word to go comes first: the last rows wait for bays that are to be read.
                meet(); go(); own_rows(frame.gated, DOWN_STAGES);
                const bool last = layer + 1 == N_LAYERS;
                if (last && place) next_weights(head + (size_t)(place - 1) * VOCABULARY * HIDDEN, HEAD_COLUMNS, FULL_STAGES);
                else next_weights(qkv + (last ? 0 : (size_t)(layer + 1) * QKV * HIDDEN), QKV_COLUMNS, FULL_STAGES);
                if (!last || place) { meet(); all_rows(frame.weighed); go(); }
            }
            if (place && place + 1 < N_CODES) next_weights(qkv, QKV_COLUMNS, FULL_STAGES);
            meet(); go();
        }
    }

    DEVICE void go() { arrive(base + GO); }

    DEVICE void next_weights(const u16* w, int n_columns, int n_stages) {
        wait_for(base + WEIGHTS_FREE, weights_free, frame.trouble, WEIGHTS_TO_BE_READ); weights_free ^= 1;
        weights(w, n_columns, n_stages);
    }
    // One product's weights, and the expectation of its rows. Weights of a ninth stage and later are counted with the bay four
    // stages before: their own bay still has its first turn.
    DEVICE void weights(const u16* w, int n_columns, int n_stages) {
        u32 n_bytes = n_columns * (STAGE * 2), to = base + WEIGHTS_AT;
#pragma unroll 1
        for (int s = 0; s < n_stages; s++, to += n_bytes, w += n_columns * STAGE) {
            const bool two = s + 4 >= N_BAYS && s + 4 < n_stages;
            if (s < N_BAYS) expect_bytes(base + STAGE_HERE(s), ROWS_BYTES + (two ? n_bytes * 2 : n_bytes));
            copy_weights(to, w, n_bytes, base + STAGE_HERE(s < N_BAYS ? s : s - 4));
        }
    }

    // Rows over all of K: each block of the cluster asks for them itself.
    DEVICE void all_rows(const u16* x) {
#pragma unroll 1
        for (int s = 0; s < FULL_STAGES; s++)
            copy(base + s * BAY_BYTES, x + s * (STAGE * ROWS), ROWS_BYTES, base + STAGE_HERE(s));
    }
    // Rows over this block's half of K.
    DEVICE void own_rows(const u16* x, int n_stages) {
        x += rank * n_stages * (STAGE * ROWS);
#pragma unroll 1
        for (int s = 0; s < n_stages; s++, x += STAGE * ROWS) {
            const int bay = s % N_BAYS;
            if (s >= N_BAYS) {
                wait_for(base + BAY_FREE(bay), bays_free, frame.trouble, A_BAY);
                expect_bytes(base + STAGE_HERE(bay), ROWS_BYTES);
            }
            copy(base + bay * BAY_BYTES, x, ROWS_BYTES, base + STAGE_HERE(bay));
        }
        if (n_stages > N_BAYS) bays_free ^= 1;
    }

    // Every block waits for every other. All that the multipliers of any block wrote in the phase before can then be read, by
    // bulk copies too: writers fence (Multiplier::finished) and arrive at DONE, this thread counts in with a release after that.
    DEVICE void meet() {
        u32* counter = frame.counters + meeting; u32 n_polls = 0;
        wait_for(base + DONE, done, frame.trouble, ALL_WARPS); done ^= 1;
        count_in(counter);
        while (counted(counter) < N_BLOCKS) if (gives_up(n_polls, frame.trouble, THE_OTHER_BLOCKS)) break;
        fence_after_meeting();
        meeting++;
    }
};
