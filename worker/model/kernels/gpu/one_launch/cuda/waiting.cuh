// Waits that end, even when what they wait for never comes.
#pragma once

// Written to the first of `trouble` when somebody gave up; the block and the thread follow.
enum Awaited { THE_STAGE = 1, THE_WORD_TO_GO, ALL_WARPS, WEIGHTS_TO_BE_READ, A_BAY, THE_OTHERS_SUMS, THE_OTHER_BLOCKS };

// Everybody gives up once anybody has: the launch then ends soon, its rows marked, instead of never.
DEVICE bool gives_up(u32& n_polls, int* trouble, Awaited awaited) {
    between_polls();
    if (++n_polls % POLLS_A_LOOK) return false;
    int before = (int)load_fresh(trouble);
    if (!before && n_polls < MOST_POLLS) return false;
    if (!before) { trouble[1] = blockIdx.x; trouble[2] = thread_number(); trouble[0] = awaited; }
    return true;
}
DEVICE void wait_for(u32 bar, u32 parity, int* trouble, Awaited awaited) {
    u32 n_polls = 0;
    while (!passed(bar, parity)) if (gives_up(n_polls, trouble, awaited)) break;
}
