// What the emulated GPU is made of: blocks with shared memory and barriers, warps that exchange values, copies under way.
#pragma once
#include "fibers.h"

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

struct Barrier { int n = 0, pending = 0; long bytes = 0; u32 phase = 0; };       // in shared memory
struct Meeting { int count = 0; u32 generation = 0; };                           // bar.sync, or of a cluster
struct Warp { u32 count = 0, generation = 0; u64 values[2][32]; };
struct Block { unsigned char* shared; Barrier barriers[32]; Meeting meetings[8]; Warp warps[N_THREADS / 32]; };
struct Copy { int block; u32 to; const u16* from; u32 n_bytes, barrier; };
struct Position { unsigned x; };

struct Machine {
    std::vector<Block> blocks;
    std::vector<Copy> copies;             // asked for, not yet there
    Meeting clusters[N_CLUSTERS];
    Fiber* current = nullptr;
    Position position;
    long progress = 0;                    // counts whatever may let somebody go on
    void* scheduler = nullptr;
    const u32* polled = nullptr;          // what the running thread has just looked at
    int silent_block = -1;                // it never counts in at a meeting
};
extern Machine gpu;

[[noreturn]] inline void refuse(const char* format, ...) {
    va_list arguments; va_start(arguments, format);
    vfprintf(stderr, format, arguments); fputc('\n', stderr);
    abort();
}
inline void let_others_run(const u32* awaited) {
    gpu.current->awaited = awaited; gpu.current->seen = awaited ? *awaited : 0;
    switch_stacks(&gpu.current->stack_pointer, gpu.scheduler);
}

// A shared address: the block's place in its cluster in the high bits, never 0, as wgmma's descriptors must not have them.
constexpr u32 OFFSET_MASK = 0xffffff;
inline u32 base_of(int block) { return (u32)(block % CLUSTER + 1) << 24; }
inline int block_of(u32 address) {
    if (!(address >> 24) || (int)(address >> 24) > CLUSTER) refuse("shared address %#x is of no block", address);
    return (int)(gpu.position.x / CLUSTER * CLUSTER + (address >> 24) - 1);
}
inline unsigned char* shared_at(u32 address, u32 n_bytes) {
    u32 offset = address & OFFSET_MASK;
    if (offset + n_bytes > SHARED_BYTES) refuse("shared memory ends before %u + %u", offset, n_bytes);
    return gpu.blocks[block_of(address)].shared + offset;
}
inline unsigned char* own_shared_at(u32 address, u32 n_bytes) {
    if (block_of(address) != (int)gpu.position.x) refuse("an ordinary access to another block's shared memory");
    return shared_at(address, n_bytes);
}
inline Barrier& barrier_at(int block, u32 address) {
    u32 offset = address & OFFSET_MASK;
    if (offset < BARRIERS_AT || offset >= BARRIERS_AT + 8 * N_BARRIERS || offset % 8) refuse("no barrier is at %u", offset);
    return gpu.blocks[block].barriers[(offset - BARRIERS_AT) / 8];
}
inline void settle(Barrier& b) {
    if (b.pending < 0) {
        if (gpu.silent_block < 0) refuse("too many arrivals");
        b.pending = 0;  // who gave up waiting goes on at the wrong time
    }
    if (b.n && b.pending == 0 && b.bytes == 0) { b.phase ^= 1; b.pending = b.n; gpu.progress++; }
}
inline void meet(Meeting& m, int n) {
    u32 before = m.generation;
    if (++m.count == n) { m.count = 0; m.generation++; gpu.progress++; }
    else while (m.generation == before) let_others_run(&m.generation);
}
// Every lane gives a value and gets all 32.
inline u64* exchange(u64 value) {
    Warp& w = gpu.blocks[gpu.position.x].warps[gpu.current->thread / 32];
    u32 before = w.generation; w.values[before & 1][gpu.current->thread & 31] = value;
    if (++w.count == 32) { w.count = 0; w.generation++; gpu.progress++; }
    else while (w.generation == before) let_others_run(&w.generation);
    return w.values[before & 1];
}
