// What a launch is given. The host fills the same fields in the same order (arguments.py).
//
// "Tiled" activations are [K / 8][ROWS][8] bfloat16, "tiled" weights [block][K / 8][columns][8]: what wgmma reads without
// swizzling, and a stage of them is one piece. Rows from n_rows on hold anything: no row is read for another's sake.
#pragma once

// What a row may become, as worker/model/slot_state.py has it.
constexpr unsigned char NO_NUMBERS = 1, LOST = 2;

struct Frame {
    u16* residual;            // tiled [HIDDEN]: the stream of the place at hand, as it begins
    u16* weighed;             // tiled [HIDDEN]: the stream times the next norm's weight
    float* squares;           // [N_CLUSTERS][ROWS]: parts of the sum of a row's squares
    u16* qkv;                 // [ROWS][QKV]
    u16* attended;            // tiled [ATTENDED]
    u16* gated;               // tiled [INTERMEDIATE]
    u16* logits;              // [ROWS][VOCABULARY]
    u16* keys;                // the cache: layer l's begin at l · layer_stride, [rows][N_KV_HEADS][N_CODES][HEAD_DIM]
    u16* values;
    int* codes;               // [n_rows][N_CODES]: columns 1 … are written
    u32* counters;            // one a meeting, zeros
    int* trouble;             // [3], zeros; see waiting.cuh
    const u16* qkv_weights;   // tiled, layer after layer, as the next three
    const u16* out_weights;
    const u16* gate_up_weights;
    const u16* down_weights;
    const u16* head_weights;  // tiled, code 1's first
    const u16* input_norms;   // [N_LAYERS][HIDDEN]
    const u16* gate_norms;    // [N_LAYERS][HIDDEN]
    const u16* last_norm;     // [HIDDEN]
    const u16* q_norms;       // [N_LAYERS][HEAD_DIM]
    const u16* k_norms;       // [N_LAYERS][HEAD_DIM]
    const u16* cos;           // [N_CODES][HEAD_DIM / 2]
    const u16* sin;
    const u16* hidden_rows;   // [n_rows][HIDDEN]: place 0 reads them
    const u16* code_0_rows;   // [n_rows][HIDDEN]: place 1
    const u16* const* tables; // [N_CODES - 2] of [VOCABULARY][HIDDEN]: place p reads the row of code p - 1 in table p - 2
    const int* slots;         // [n_rows]; what follows is by slot
    const float* temperature;
    const int* top_k;
    const float* top_p;
    const i64* seed;
    const int* step;
    unsigned char* broken;    // NO_NUMBERS where a row's logits were none, LOST where the launch gave up waiting
    i64 layer_stride;         // numbers from one layer's keys to the next one's
    int n_rows;
    float eps;
};
