// In place of worker/model/kernels/gpu/one_launch/cuda/ptx.cuh: the same functions in plain C++, and what CUDA has built in.
#pragma once
#include "machine.h"

#include <cmath>

#define __global__
#define __cluster_dims__(...)
#define __launch_bounds__(...)
#define __grid_constant__
#define DEVICE inline
#define blockIdx gpu.position
struct float2 { float x, y; };
struct alignas(16) Eight { u32 pair[4]; };

inline int thread_number() { return gpu.current->thread; }
inline u32 cluster_rank() { return gpu.position.x % CLUSTER; }
inline u32 shared_base() { return base_of(gpu.position.x); }
inline void* scratch_memory() { return own_shared_at(shared_base() + SCRATCH_AT, SCRATCH_BYTES); }

inline Eight load_constant(const u16* p) { Eight v; memcpy(&v, p, 16); return v; }
inline Eight load_fresh_eight(const u16* p) { return load_constant(p); }
inline u32 load_fresh(const void* p) { u32 v; memcpy(&v, p, 4); return v; }
inline float2 load_pair(u32 at) { float2 v; memcpy(&v, own_shared_at(at, 8), 8); return v; }
inline void store_pair(u32 at, float x, float y) { float2 v = {x, y}; memcpy(own_shared_at(at, 8), &v, 8); }

inline void init_barrier(u32 bar, u32 n) { Barrier& b = barrier_at(block_of(bar), bar); b = Barrier(); b.n = b.pending = n; }
inline void show_barriers_to_cluster() {}
inline void arrive(u32 bar) { Barrier& b = barrier_at(block_of(bar), bar); b.pending--; settle(b); }
inline void expect_bytes(u32 bar, u32 n) { Barrier& b = barrier_at(block_of(bar), bar); b.bytes += n; b.pending--; settle(b); }
inline bool passed(u32 bar, u32 parity) {
    const u32& phase = barrier_at(block_of(bar), bar).phase;
    gpu.polled = &phase;
    return phase != parity;
}
inline bool passed_in_cluster(u32 bar, u32 parity) { return passed(bar, parity); }
inline void meet_threads(int id, int n) { meet(gpu.blocks[gpu.position.x].meetings[id], n); }
// Polls are counted where one is silent.
inline void between_polls() { let_others_run(gpu.silent_block < 0 ? gpu.polled : nullptr); }
constexpr u32 MOST_POLLS = 256, POLLS_A_LOOK = 4;

inline void copy(u32 to, const u16* from, u32 n_bytes, u32 bar) {
    if (to % 16 || (u64)from % 16 || n_bytes % 16) refuse("a bulk copy is of whole sixteens");
    gpu.copies.push_back({block_of(to), to & OFFSET_MASK, from, n_bytes, bar});
}
inline void copy_weights(u32 to, const u16* from, u32 n_bytes, u32 bar) { copy(to, from, n_bytes, bar); }
inline void fence_for_copies() {}
inline void fence_after_meeting() {}

inline u32 in_block(u32 at, u32 rank) { return (at & OFFSET_MASK) | (rank + 1) << 24; }
inline void send(u32 at, float x, float y, float z, float w, u32 bar) {
    float v[4] = {x, y, z, w};
    if (block_of(bar) != block_of(at) || at % 16) refuse("sums are sent to their barrier's block, sixteen bytes at once");
    memcpy(shared_at(at, 16), v, 16);
    Barrier& b = barrier_at(block_of(bar), bar); b.bytes -= 16; settle(b);
}
inline void meet_cluster() { meet(gpu.clusters[gpu.position.x / CLUSTER], N_THREADS * CLUSTER); }
inline void count_in(u32* counter) { if ((int)gpu.position.x != gpu.silent_block) { ++*counter; gpu.progress++; } }
inline u32 counted(const u32* counter) { gpu.polled = counter; return *counter; }

inline void __syncwarp() { exchange(0); }
template <class V> V from_lane(V value, int lane) {
    u64 x = 0;
    memcpy(&x, &value, sizeof value);
    x = exchange(x)[lane & 31];
    memcpy(&value, &x, sizeof value);
    return value;
}
template <class V> V __shfl_xor_sync(u32, V value, int o) { return from_lane(value, (thread_number() & 31) ^ o); }
template <class V> V __shfl_sync(u32, V value, int lane) { return from_lane(value, lane); }
inline u32 __reduce_add_sync(u32, u32 value) {
    u64* all = exchange(value);
    u32 s = 0;
    for (int i = 0; i < 32; i++) s += (u32)all[i];
    return s;
}
inline u32 __ballot_sync(u32, bool value) {
    u64* all = exchange(value);
    u32 s = 0;
    for (int i = 0; i < 32; i++) s |= (u32)(all[i] != 0) << i;
    return s;
}
inline int __any_sync(u32, int value) { return __ballot_sync(~0u, value != 0) != 0; }
inline int __popc(u32 v) { return __builtin_popcount(v); }
inline u32 __umulhi(u32 a, u32 b) { return ((u64)a * b) >> 32; }
inline float __uint_as_float(u32 v) { float f; memcpy(&f, &v, 4); return f; }
inline u32 __float_as_uint(float f) { u32 v; memcpy(&v, &f, 4); return v; }
inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
inline float __expf(float x) { return expf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline u32 bfloat16_of(float f) {
    u32 v = __float_as_uint(f);
    return (v & 0x7fffffff) > 0x7f800000 ? 0x7fff : (v + 0x7fff + (v >> 16 & 1)) >> 16;
}
inline u32 pack(float low, float high) { return bfloat16_of(low) | bfloat16_of(high) << 16; }

inline void begin_products() {}
inline void end_products() {}
inline void await_products() {}
template <int N> void products_are_settled(float (&)[N]) {}

// A descriptor's matrix: row `m`'s sixteen numbers along K, as float32.
struct Matrix {
    u32 at, k_step, m_step;
    explicit Matrix(u64 descriptor)
        : at((descriptor & 0x3fff) << 4), k_step((descriptor >> 16 & 0x3fff) << 4), m_step((descriptor >> 32 & 0x3fff) << 4) {}
    void row(int m, float* into) const {
        for (int half = 0; half < 2; half++) {
            const u16* p = (const u16*)own_shared_at(shared_base() + at + (m / 8) * m_step + half * k_step + (m % 8) * 16, 16);
            for (int k = 0; k < 8; k++) into[8 * half + k] = __uint_as_float((u32)p[k] << 16);
        }
    }
};
template <int N> void product(float (&d)[N], u64 a, u64 b) {  // this thread's part of wgmma.m64n(2·N)k16
    Matrix rows(a), columns(b);
    int t = thread_number() & 127, row = 16 * (t >> 5) + ((t & 31) >> 2);
    if (row >= ROWS) return;  // M is 64 whatever there is; nobody reads sums of rows that there are not
    float x0[16], x1[16], y[16];
    rows.row(row, x0); rows.row(row + 8, x1);
    for (int j = 0; j < N / 4; j++) for (int c = 0; c < 2; c++) {
        columns.row(8 * j + 2 * (t & 3) + c, y);
        float s0 = 0, s1 = 0;
        for (int k = 0; k < 16; k++) { s0 += x0[k] * y[k]; s1 += x1[k] * y[k]; }
        d[4 * j + c] += s0; d[4 * j + 2 + c] += s1;
    }
}
