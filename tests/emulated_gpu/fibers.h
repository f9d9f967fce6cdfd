// A GPU's threads as fibers of one thread of the CPU: each runs until it waits for somebody.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <vector>

struct Fiber {
    void* stack_pointer; int block, thread; bool done;
    const uint32_t* awaited; uint32_t seen;  // nothing to do for it while that is as it was; null: it wants to look again

    bool can_go_on() const { return !done && (!awaited || *awaited != seen); }
};

extern "C" void switch_stacks(void** save, void* to);

#if defined(__x86_64__)
asm(R"(
.text
.globl switch_stacks
switch_stacks:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp,(%rdi); movq %rsi,%rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
)");
inline void* new_stack(char* end, void (*entry)()) {
    void** sp = (void**)end - 2;
    *sp = (void*)entry;
    for (int i = 0; i < 6; i++) *--sp = 0;
    return sp;
}
#else  // slower by a system call a switch
#include <ucontext.h>
extern "C" void switch_stacks(void** save, void* to) {
    ucontext_t here;
    *save = &here;
    swapcontext(&here, (ucontext_t*)to);
}
inline void* new_stack(char* end, void (*entry)()) {
    ucontext_t* context = (ucontext_t*)calloc(1, sizeof(ucontext_t));  // as long-lived as the process: tests are short
    getcontext(context);
    context->uc_stack.ss_sp = end - 65536; context->uc_stack.ss_size = 65536;
    makecontext(context, entry, 0);
    return context;
}
#endif

// Stacks of all fibers in one piece: most of each is never touched.
struct Stacks {
    static constexpr size_t BYTES = 65536;
    char* memory; size_t n_bytes;
    explicit Stacks(size_t n) : n_bytes(n * BYTES) {
        memory = (char*)mmap(0, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) { perror("no room for stacks"); abort(); }
    }
    ~Stacks() { munmap(memory, n_bytes); }
    char* end(size_t i) { return memory + (i + 1) * BYTES; }
};
