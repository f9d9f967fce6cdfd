// bfloat16 in pairs, and float32 rounded to it where the model rounds.
#pragma once

#define MINUS_INFINITY (-__uint_as_float(0x7f800000u))

DEVICE float low(u32 pair) { return __uint_as_float(pair << 16); }
DEVICE float high(u32 pair) { return __uint_as_float(pair & 0xffff0000u); }
DEVICE float rounded(float a) { return low(pack(a, 0.f)); }
DEVICE u32 load_pair_constant(const u16* p) { return *(const u32*)p; }
DEVICE void store_numbers(u16* p, float a, float b) { *(u32*)p = pack(a, b); }
DEVICE float sum_of_warp(float a) {
#pragma unroll
    for (int o = 16; o; o >>= 1) a += __shfl_xor_sync(~0u, a, o);
    return a;
}
