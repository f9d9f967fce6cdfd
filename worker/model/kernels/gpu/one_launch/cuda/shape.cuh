// What is computed, and how it is cut: sizes of the code predictor, blocks of a launch, a block's shared memory.
//
// The host defines ROWS (16, 32 or 64), N_LAYERS, N_CODES, HIDDEN, N_HEADS, N_KV_HEADS, HEAD_DIM, INTERMEDIATE and VOCABULARY.
#pragma once

constexpr int N_BLOCKS = 128;       // each on a multiprocessor of its own: they take all of its shared memory
constexpr int CLUSTER = 2;          // neighbouring blocks that send each other their sums
constexpr int N_CLUSTERS = N_BLOCKS / CLUSTER;
constexpr int N_MULTIPLIERS = 256;  // threads: two warpgroups; then one warp whose first thread asks for all copies
constexpr int N_THREADS = N_MULTIPLIERS + 32;
constexpr int N_WARPS = N_MULTIPLIERS / 32;
constexpr int CLUSTER_ROWS = ROWS / CLUSTER;  // rows that each block of a cluster finishes after a product with shared columns

constexpr int QKV = (N_HEADS + 2 * N_KV_HEADS) * HEAD_DIM;
constexpr int ATTENDED = N_HEADS * HEAD_DIM;

// Columns of a product that a block makes; of `out` and `down` a cluster makes as many, and each of its blocks sums half of K.
constexpr int QKV_COLUMNS = 32, GATE_UP_COLUMNS = 48, HEAD_COLUMNS = 16, RESIDUAL_COLUMNS = 8 * CLUSTER;
static_assert(QKV == N_BLOCKS * QKV_COLUMNS && 2 * INTERMEDIATE == N_BLOCKS * GATE_UP_COLUMNS, "a block's share is fixed");
static_assert(VOCABULARY == N_BLOCKS * HEAD_COLUMNS && HIDDEN == N_CLUSTERS * RESIDUAL_COLUMNS, "a block's share is fixed");
static_assert(HEAD_DIM == 128 && N_HEADS == 2 * N_KV_HEADS, "a lane has four numbers of a head; a warp has two query heads");
static_assert(N_CODES <= 16, "a lane has one score; sixteen keys of two heads fill a warp");
static_assert(ROWS == 16 || ROWS == 32 || ROWS == 64, "wgmma's M is 64; a warp has 16 of them");

// A product goes over K in stages. A stage's rows lie in a bay; a product of more stages than bays uses some of them twice.
constexpr int STAGE = 128;
constexpr int N_BAYS = 8;
constexpr int BAY_BYTES = STAGE * 64 * 2;
constexpr int ROWS_BYTES = STAGE * ROWS * 2;  // of one stage
constexpr int FULL_STAGES = HIDDEN / STAGE, OUT_STAGES = ATTENDED / CLUSTER / STAGE, DOWN_STAGES = INTERMEDIATE / CLUSTER / STAGE;
static_assert(FULL_STAGES == N_BAYS && OUT_STAGES == N_BAYS && DOWN_STAGES <= N_BAYS + 4, "see Producer::weights");

// Shared memory, in bytes from its beginning: bays, weights of one product, barriers, scratch, what the other block sends.
constexpr int WEIGHTS_AT = N_BAYS * BAY_BYTES;
constexpr int WEIGHTS_BYTES = GATE_UP_COLUMNS * HIDDEN * 2;
constexpr int BARRIERS_AT = WEIGHTS_AT + WEIGHTS_BYTES;
constexpr int N_BARRIERS = 2 * N_BAYS + 4;
constexpr int STAGE_HERE(int bay) { return BARRIERS_AT + 8 * bay; }               // a stage's rows and weights have come
constexpr int BAY_FREE(int bay) { return BARRIERS_AT + 8 * (N_BAYS + bay); }      // its first rows have been read
constexpr int GO = BARRIERS_AT + 8 * 2 * N_BAYS;  // what the phase reads is there, or on its way
constexpr int DONE = GO + 8;                      // every multiplying warp has written what it had to in this phase
constexpr int WEIGHTS_FREE = GO + 16;             // every multiplying warp has read the product's weights
constexpr int RECEIVED = GO + 24;                 // the cluster's other block has sent its sums
constexpr int SCRATCH_AT = BARRIERS_AT + 256;
constexpr int SCRATCH_BYTES = 512;
constexpr int RECEIVE_AT = SCRATCH_AT + SCRATCH_BYTES;  // [rows of this block][4] of two pairs of floats
constexpr int OWN_AT = 2 * BAY_BYTES;                   // a block's own sums, in that layout: by then nobody reads the bay
constexpr int SHARED_BYTES = RECEIVE_AT + CLUSTER_ROWS * 4 * 16;
static_assert(8 * N_BARRIERS <= 256 && SHARED_BYTES <= 227 * 1024, "compute capability 9.0 gives a block 227 KiB");
