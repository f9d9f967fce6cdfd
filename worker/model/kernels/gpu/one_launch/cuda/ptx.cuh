// The instructions that C++ has no words for, one function each. This file is the seam: the tests put plain C++ in its place and
// run all the others on a CPU.
//
// Shared memory is addressed by 32 bits. A block's own addresses may have bits above its 256 KiB, which tell its place in the
// cluster. PTX ISA 8.0, sections on mbarrier, cp.async.bulk, st.async, wgmma and the memory consistency model.
#pragma once

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;
#define DEVICE __device__ __forceinline__
extern __shared__ __align__(1024) unsigned char shared_memory[];

struct alignas(16) Eight { u32 pair[4]; };  // eight bfloat16

DEVICE int thread_number() { int t; asm volatile("mov.u32 %0, %%tid.x;" : "=r"(t)); return t; }
DEVICE u32 cluster_rank() { u32 r; asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(r)); return r; }
DEVICE u32 shared_base() { return (u32)__cvta_generic_to_shared(shared_memory); }
DEVICE void* scratch_memory() { return shared_memory + SCRATCH_AT; }

// Global memory. What no block writes during the launch may come through the read-only cache; what any block writes is read from
// L2 ("fresh"), for L1 keeps what it saw before.
DEVICE Eight load_constant(const u16* p) {
    Eight v;
    asm volatile("ld.global.nc.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.pair[0]), "=r"(v.pair[1]), "=r"(v.pair[2]), "=r"(v.pair[3]) : "l"(p));
    return v;
}
DEVICE Eight load_fresh_eight(const u16* p) {
    Eight v;
    asm volatile("ld.global.cg.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.pair[0]), "=r"(v.pair[1]), "=r"(v.pair[2]), "=r"(v.pair[3]) : "l"(p));
    return v;
}
DEVICE u32 load_fresh(const void* p) {
    u32 v; asm volatile("ld.global.cg.u32 %0, [%1];" : "=r"(v) : "l"(p)); return v;
}

// Shared memory, by address.
DEVICE float2 load_pair(u32 at) {
    float2 v; asm volatile("ld.shared.v2.f32 {%0,%1}, [%2];" : "=f"(v.x), "=f"(v.y) : "r"(at) : "memory"); return v;
}
DEVICE void store_pair(u32 at, float x, float y) {
    asm volatile("st.shared.v2.f32 [%0], {%1,%2};" :: "r"(at), "f"(x), "f"(y) : "memory");
}

// Barriers in shared memory. A phase ends when as many have arrived as were counted at first and all bytes expected have come;
// `passed` tells whether the phase of that parity has ended.
DEVICE void init_barrier(u32 bar, u32 n) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" :: "r"(bar), "r"(n) : "memory");
}
DEVICE void show_barriers_to_cluster() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
DEVICE void arrive(u32 bar) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" :: "r"(bar) : "memory"); }
DEVICE void expect_bytes(u32 bar, u32 n_bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" :: "r"(bar), "r"(n_bytes) : "memory");
}
DEVICE bool passed(u32 bar, u32 parity) {
    u32 p;
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                 : "=r"(p) : "r"(bar), "r"(parity) : "memory");
    return p;
}
DEVICE bool passed_in_cluster(u32 bar, u32 parity) {  // and what the cluster's other block sent before can be read
    u32 p;
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
                 : "=r"(p) : "r"(bar), "r"(parity) : "memory");
    return p;
}
DEVICE void meet_threads(int id, int n) { asm volatile("bar.sync %0, %1;" :: "r"(id), "r"(n) : "memory"); }
DEVICE void between_polls() {}
constexpr u32 MOST_POLLS = 1u << 21;  // above a second; being preempted counts for nothing, for then nobody polls
constexpr u32 POLLS_A_LOOK = 1024;    // at whether others have given up

// Bulk copies, global to shared: whole multiples of 16 bytes. They count themselves in at a barrier.
DEVICE void copy(u32 to, const u16* from, u32 n_bytes, u32 bar) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
                 :: "r"(to), "l"(from), "r"(n_bytes), "r"(bar) : "memory");
}
// Each is read once a place: it leaves L2 before what blocks tell each other.
DEVICE void copy_weights(u32 to, const u16* from, u32 n_bytes, u32 bar) {
    u64 policy; asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], %4;"
                 :: "r"(to), "l"(from), "r"(n_bytes), "r"(bar), "l"(policy) : "memory");
}
// A thread's ordinary writes to global memory, and what it did in shared memory, come before bulk copies that are asked for after
// it has arrived somewhere. By state space: the fence over all of them also waits until all of the GPU sees the writes, which
// count_in does once for the block.
DEVICE void fence_for_copies() {
    asm volatile("fence.proxy.async.global;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// The cluster.
DEVICE u32 in_block(u32 at, u32 rank) {
    u32 v; asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(v) : "r"(at), "r"(rank)); return v;
}
DEVICE void send(u32 at, float x, float y, float z, float w, u32 bar) {
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%0], {%1,%2,%3,%4}, [%5];"
                 :: "r"(at), "f"(x), "f"(y), "f"(z), "f"(w), "r"(bar) : "memory");
}
DEVICE void meet_cluster() {
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

// The grid's meetings: a counter in global memory. What the counting thread knows of has happened before what follows for whoever
// reads the full count.
DEVICE void count_in(u32* counter) {
    asm volatile("red.release.gpu.global.add.u32 [%0], 1;" :: "l"(counter) : "memory");
}
DEVICE u32 counted(const u32* counter) {
    u32 n; asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(n) : "l"(counter) : "memory"); return n;
}
// What others wrote before the meeting, this thread's bulk copies read. The writers fence, too; whether theirs alone would do for
// a copy by another block, the memory model leaves open.
DEVICE void fence_after_meeting() {
    asm volatile("fence.proxy.async.global;" ::: "memory");
}

// wgmma: D[64, N] += A[64, 16] · B[16, N], both in shared memory, by a warpgroup.
DEVICE void begin_products() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEVICE void end_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
DEVICE void await_products() { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); }
template <int N> DEVICE void products_are_settled(float (&d)[N]) {  // else the compiler may read them before they are awaited
#pragma unroll
    for (int i = 0; i < N; i++) asm volatile("" : "+f"(d[i]) :: "memory");
}
#define FOUR(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define WGMMA(shape, sums, a, b) \
    "{ .reg .pred p; setp.eq.u32 p, 0, 0;" \
    " wgmma.mma_async.sync.aligned." shape ".f32.bf16.bf16 {" sums "}, " a ", " b ", p, 1, 1, 0, 0; }"
#define EIGHT_SUMS "%0,%1,%2,%3,%4,%5,%6,%7"
#define SIXTEEN_SUMS EIGHT_SUMS ",%8,%9,%10,%11,%12,%13,%14,%15"
DEVICE void product(float (&d)[8], u64 a, u64 b) {
    asm volatile(WGMMA("m64n16k16", EIGHT_SUMS, "%8", "%9") : FOUR(0), FOUR(4) : "l"(a), "l"(b) : "memory");
}
DEVICE void product(float (&d)[16], u64 a, u64 b) {
    asm volatile(WGMMA("m64n32k16", SIXTEEN_SUMS, "%16", "%17") : FOUR(0), FOUR(4), FOUR(8), FOUR(12)
                 : "l"(a), "l"(b) : "memory");
}
DEVICE void product(float (&d)[24], u64 a, u64 b) {
    asm volatile(WGMMA("m64n48k16", SIXTEEN_SUMS ",%16,%17,%18,%19,%20,%21,%22,%23", "%24", "%25")
                 : FOUR(0), FOUR(4), FOUR(8), FOUR(12), FOUR(16), FOUR(20) : "l"(a), "l"(b) : "memory");
}

DEVICE u32 pack(float low, float high) { u32 v; asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(v) : "f"(high), "f"(low)); return v; }
