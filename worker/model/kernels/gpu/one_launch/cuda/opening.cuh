// A place begins: its row's code is drawn from the logits of the place before, and what the code stands for becomes the stream.
#pragma once

// A row of a table becomes row `row` of the stream, weighed by the first norm, with its squares.
DEVICE void begin_stream(const Frame& f, Multiplier& m, Scratch& scratch, const u16* source, int row) {
    float s = 0;
    if (m.me < HIDDEN / 8) {
        const Eight x = load_constant(source + m.me * 8), w = load_constant(f.input_norms + m.me * 8);
        Eight weighed;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float a = low(x.pair[i]), b = high(x.pair[i]);
            s += a * a + b * b;
            weighed.pair[i] = pack(a * low(w.pair[i]), b * high(w.pair[i]));
        }
        *(Eight*)(f.residual + (m.me * ROWS + row) * 8) = x; *(Eight*)(f.weighed + (m.me * ROWS + row) * 8) = weighed;
    }
    s = sum_of_warp(s);
    if (m.lane == 0) scratch.squares[m.warp] = s;
    m.all_meet();
    static_assert(HIDDEN / 8 == 4 * 32, "four warps have the row");
    const float* squares = scratch.squares;
    if (m.me < N_CLUSTERS) f.squares[m.me * ROWS + row] = m.me ? 0.f : ((squares[0] + squares[1]) + (squares[2] + squares[3]));
}

// A block's row of the frame: the block of its number draws for it.
struct Row {
    int row;
    bool is_row;
    int slot;
    Rules rules;  // of slot 0 where there is no row: nobody asks

    DEVICE Row(const Frame& f) : row(blockIdx.x), is_row(row < f.n_rows), slot(is_row ? f.slots[row] : 0), rules(f, slot) {}

    // What place `place` reads. Place 0 reads what the talker said, 1 the row of code 0; from 2 on a code is drawn first. After
    // the last place nothing is read.
    DEVICE void open(const Frame& f, Multiplier& m, int place) {
        m.ready();
        if (is_row) {
            Scratch& scratch = *(Scratch*)scratch_memory();
            const u16* source = (place ? f.code_0_rows : f.hidden_rows) + (size_t)row * HIDDEN;
            if (place >= 2) {
                const u16* table = place < N_CODES ? f.tables[place - 2] : 0;
                bool bad;
                const int code = draw(m, scratch, f.logits + (size_t)row * VOCABULARY, rules, place - 1, bad);
                if (m.me == 0) {
                    f.codes[row * N_CODES + place - 1] = code;
                    if (bad) f.broken[slot] = NO_NUMBERS;
                    // Whoever gave up waiting said so before it went on, and so before all meetings that followed.
                    if (place == N_CODES && load_fresh(f.trouble)) f.broken[slot] = LOST;
                }
                source = table + (size_t)code * HIDDEN;
            }
            if (place < N_CODES) begin_stream(f, m, scratch, source, row);
        }
        m.finished();
    }
};
