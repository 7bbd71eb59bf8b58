/* Moments of 64 pixels at a time. One factor of a product of bytes has a sign, so it is taken less
 * 128, and 128 times the sum of the other is added in the end. */

/* Places of the bytes of a channel ``c`` in 128 bytes, and then in those found and 64 more. */
static inline __m512i places(int c, int second) {
    uint8_t at[64];
    for (int i = 0; i < 64; i++) {
        const int byte = 3 * i + c;
        at[i] = (uint8_t)(!second ? byte & 127 : byte < 128 ? i : byte - 128 + 64);
    }
    return _mm512_loadu_si512(at);
}

static void byte_moments(const uint8_t *from, int64_t pixels, int64_t *moments) {
    static const int left[9] = {0, 1, 2, 0, 1, 2, 0, 0, 1}, right[9] = {3, 3, 3, 0, 1, 2, 1, 2, 2};
    const __m512i ones = _mm512_set1_epi8(1), flip = _mm512_set1_epi8((char)128);
    __m512i sums[9];
    for (int i = 0; i < 9; i++) sums[i] = _mm512_setzero_si512();
    int64_t at = 0;
    for (; at + 64 <= pixels; at += 64) {
        const __m512i *row = (const __m512i *)(from + 3 * at);
        const __m512i a = _mm512_loadu_si512(row), b = _mm512_loadu_si512(row + 1);
        const __m512i rest = _mm512_loadu_si512(row + 2);
        __m512i channel[3], less[4] = {flip, flip, flip, ones};
        for (int c = 0; c < 3; c++) {
            const __m512i found = _mm512_permutex2var_epi8(a, places(c, 0), b);
            channel[c] = _mm512_permutex2var_epi8(found, places(c, 1), rest);
            less[c] = _mm512_xor_si512(channel[c], flip);
        }
        for (int i = 0; i < 9; i++)
            sums[i] = _mm512_dpbusd_epi32(sums[i], channel[left[i]], less[right[i]]);
    }
    int64_t found[9];
    for (int i = 0; i < 9; i++) {
        found[i] = _mm512_reduce_add_epi32(sums[i]);
        moments[i] += found[i] + (i < 3 ? 0 : 128 * found[left[i]]);
    }
    plain_moments_avx512(from + 3 * at, pixels - at, moments);
}
#define MOMENTS byte_moments
