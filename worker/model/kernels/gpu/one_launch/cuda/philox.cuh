// Philox4x32-10 (Salmon et al. 2011), the first word: the same bits as worker/model/kernels/philox.py.
#pragma once

DEVICE u32 philox(u64 seed, u32 counter_0, u32 counter_1) {
    u32 k0 = (u32)seed, k1 = (u32)(seed >> 32), a = counter_0, b = counter_1, c = 0, d = 0;
#pragma unroll
    for (int i = 0; i < 10; i++) {
        const u32 h0 = __umulhi(0xD2511F53u, a), l0 = 0xD2511F53u * a, h1 = __umulhi(0xCD9E8D57u, c), l1 = 0xCD9E8D57u * c;
        a = h1 ^ b ^ k0; b = l1; c = h0 ^ d ^ k1; d = l0; k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
    }
    return a;
}
// Gumbel noise of one code; the uniform is neither 0 nor 1.
DEVICE float gumbel(u64 seed, int code, u32 counter) {
    const float uniform = ((float)(philox(seed, code, counter) >> 9) + .5f) * 1.1920928955078125e-07f;  // 2^-23
    return -logf(-logf(uniform));
}
