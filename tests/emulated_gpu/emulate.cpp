// The one launch's kernel on a CPU: all blocks and threads in turn, in an order that changes, copies landing late and in any order.
#define EMULATED
#include "shape.cuh"
#include "ptx.h"

#include "predict.cu"

#include <algorithm>
#include <random>

Machine gpu;
static std::mt19937 chance(1);
static const Frame* frame;

static void (*body)();

static void thread_entry() {
    body();
    gpu.current->done = true; gpu.progress++;
    for (;;) let_others_run(nullptr);
}

static void land(size_t i) {
    Copy c = gpu.copies[i]; gpu.copies[i] = gpu.copies.back(); gpu.copies.pop_back();
    if (c.to + c.n_bytes > SHARED_BYTES) refuse("a copy goes past the end of shared memory");
    memcpy(gpu.blocks[c.block].shared + c.to, c.from, c.n_bytes);
    Barrier& b = barrier_at(c.block, c.barrier); b.bytes -= c.n_bytes; settle(b); gpu.progress++;
}

static bool run_block(Fiber* fibers, int block) {  // until nobody in it gets on; whether all have ended
    bool ended = false;
    gpu.position.x = block;
    for (int turn = 0; turn < 40 && !ended; turn++) {
        long before = gpu.progress;
        ended = true;
        for (int t = 0; t < N_THREADS; t++) {
            gpu.current = &fibers[(size_t)block * N_THREADS + t];
            if (gpu.current->can_go_on()) switch_stacks(&gpu.scheduler, gpu.current->stack_pointer);
            ended &= gpu.current->done;
        }
        if (before == gpu.progress) break;
    }
    return ended;
}

// 0, or what was wrong at the end: 1 nobody got on, 2 or 3 something was still under way.
static int run(const Frame* arguments, void (*what)(), int silent_block) {
    frame = arguments; body = what;
    gpu = Machine(); gpu.silent_block = silent_block; gpu.blocks.resize(N_BLOCKS);
    const size_t n = (size_t)N_BLOCKS * N_THREADS;
    Stacks stacks(n);
    std::vector<Fiber> fibers(n);
    std::vector<int> order(N_BLOCKS);
    for (int b = 0; b < N_BLOCKS; b++) {
        order[b] = b;
        gpu.blocks[b].shared = (unsigned char*)aligned_alloc(1024, (SHARED_BYTES + 1023) / 1024 * 1024);
        memset(gpu.blocks[b].shared, 0xff, SHARED_BYTES);  // NaN
    }
    for (size_t i = 0; i < n; i++)
        fibers[i] = {new_stack(stacks.end(i), thread_entry), (int)(i / N_THREADS), (int)(i % N_THREADS), false, nullptr, 0};
    int wrong = 0;
    u32 idle = 0;
    for (bool all = false; !all && !wrong;) {
        const long before = gpu.progress;
        all = true;
        std::shuffle(order.begin(), order.end(), chance);
        for (int b : order) all &= run_block(fibers.data(), b);
        for (size_t i = gpu.copies.size(); i-- > 0;) if (chance() % 3 == 0 && i < gpu.copies.size()) land(i);
        idle = before == gpu.progress && gpu.copies.empty() ? idle + 1 : 0;
        if (idle > 2 * MOST_POLLS) wrong = 1;
    }
    for (auto& b : gpu.blocks) { free(b.shared); for (auto& barrier : b.barriers) if (!wrong && barrier.bytes) wrong = 2; }
    return wrong || gpu.copies.empty() ? wrong : 3;
}

// The whole frame. `silent_block`: one that never counts in at a meeting; -1 for none.
extern "C" int emulate_frame(const Frame* arguments, int silent_block) {
    return run(arguments, [] { predict(*frame); }, silent_block);
}

// Codes 1 from the logits that are there, a row a block.
extern "C" int emulate_draws(const Frame* arguments) {
    return run(arguments, [] {
        if (thread_number() >= N_MULTIPLIERS) return;
        Multiplier m(shared_base(), cluster_rank(), frame->trouble);
        Row row(*frame);
        if (!row.is_row) return;
        bool bad;
        const int code = draw(m, *(Scratch*)scratch_memory(), frame->logits + (size_t)row.row * VOCABULARY, row.rules, 1, bad);
        if (m.me == 0) { frame->codes[row.row * N_CODES + 1] = code; if (bad) frame->broken[row.slot] = NO_NUMBERS; }
    }, -1);
}
