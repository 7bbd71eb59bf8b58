/* Scaling by products of bytes: four pixels at a time with the three bytes, each from -128 to 127,
 * of their weights. All sums are of whole numbers, so the bits are those of the plain loops.
 *
 * Across, a step makes the 15 values of five pixels; its table has the places of their bytes in 64
 * bytes of the picture, and the bytes of the weights. Down, a step makes 64 bytes. */

enum { GROUP = 5, TABLE = 4 * 16 }; /* pixels of a step across; numbers of its table */

typedef struct {
    __m512i low, middle, high;
} Sums; /* by value: GCC keeps them in registers then */

static inline Sums nothing(void) {
    return (Sums){_mm512_set1_epi32(HALF), _mm512_setzero_si512(), _mm512_setzero_si512()};
}

static inline Sums added(Sums sums, __m512i pixels, Sums weights) {
    sums.low = _mm512_dpbusd_epi32(sums.low, pixels, weights.low);
    sums.middle = _mm512_dpbusd_epi32(sums.middle, pixels, weights.middle);
    sums.high = _mm512_dpbusd_epi32(sums.high, pixels, weights.high);
    return sums;
}

static inline __m512i whole(Sums sums) {
    const __m512i upper = _mm512_add_epi32(sums.middle, _mm512_slli_epi32(sums.high, 8));
    return _mm512_srai_epi32(_mm512_add_epi32(sums.low, _mm512_slli_epi32(upper, 8)), BITS);
}

/* The low, middle and high bytes of four weights. */
static inline void split(const int32_t *weights, int32_t *bytes) {
    __m128i rest = _mm_loadu_si128((const __m128i *)weights);
    for (int i = 0; i < 3; i++) {
        bytes[i] = _mm_cvtsi128_si32(_mm_cvtepi32_epi8(rest));
        const __m128i byte = _mm_srai_epi32(_mm_slli_epi32(rest, 24), 24);
        rest = _mm_srai_epi32(_mm_sub_epi32(rest, byte), 8);
    }
}

/* The table of five pixels from ``x`` on and their weights ``i`` to ``i`` + 3. */
static void fill_table(const Weights *w, int64_t x, int64_t i, int32_t *table) {
    for (int pixel = 0; pixel < GROUP; pixel++) {
        int32_t bytes[3];
        split(w->values + (x + pixel) * w->most + i, bytes);
        const int32_t at = 3 * (w->first[x + pixel] - w->first[x]);
        for (int c = 0; c < 3; c++) {
            const int lane = 3 * pixel + c;
            table[lane] = (at + c) * 0x01010101 + 0x09060300;
            for (int j = 0; j < 3; j++) table[16 * (j + 1) + lane] = bytes[j];
        }
    }
}

/* 0 without memory. Where 64 bytes are too few for a step across, it goes without tables. */
static int arrange(Weights *x, Weights *y) {
    const int64_t fours = x->fours, groups = (x->size + GROUP - 1) / GROUP;
    y->tables = malloc((size_t)(y->size * y->most / 4 * 3) * sizeof(int32_t));
    if (!y->tables) return 0;
    for (int64_t i = 0; i < y->size * y->most / 4; i++) split(y->values + 4 * i, y->tables + 3 * i);
    for (int64_t g = 0; g < groups; g++)
        if (3 * (x->first[GROUP * g + GROUP - 1] - x->first[GROUP * g]) + 12 > 64) return 1;
    x->tables = calloc((size_t)(groups * fours * TABLE), sizeof(int32_t));
    if (!x->tables) return 0;
    for (int64_t g = 0; g < groups; g++)
        for (int64_t i = 0; i < fours; i++)
            fill_table(x, GROUP * g, 4 * i, x->tables + (g * fours + i) * TABLE);
    return 1;
}

/* 64 bytes of a line, as far as it goes; its end is not read over. */
static inline __m512i some_of(const uint8_t *from, int64_t left) {
    if (left >= 64) return _mm512_loadu_si512(from);
    return _mm512_maskz_loadu_epi8(left > 0 ? _bzhi_u64(~0ull, (unsigned)left) : 0, from);
}

static inline void put(Sums sums, __mmask16 inside, uint8_t *to) {
    const __m512i values = _mm512_max_epi32(whole(sums), _mm512_setzero_si512());
    _mm_mask_storeu_epi8(to, inside, _mm512_cvtusepi32_epi8(values));
}

/* Five pixels of four lines. */
static inline void step_across(const Weights *w, int64_t x, const uint8_t *const *lines,
                               uint8_t *const *to) {
    Sums a = nothing(), b = nothing(), c = nothing(), d = nothing();
    const __m512i *table = (const __m512i *)(w->tables + x / GROUP * w->fours * TABLE);
    int64_t at = 3 * (int64_t)w->first[x];
    for (int64_t i = 0; i < w->fours; i++, at += 12, table += 4) {
        const int64_t left = 3 * w->pixels - at;
        const __m512i places = _mm512_loadu_si512(table);
        const Sums k = {_mm512_loadu_si512(table + 1), _mm512_loadu_si512(table + 2),
                        _mm512_loadu_si512(table + 3)};
        a = added(a, _mm512_permutexvar_epi8(places, some_of(lines[0] + at, left)), k);
        b = added(b, _mm512_permutexvar_epi8(places, some_of(lines[1] + at, left)), k);
        c = added(c, _mm512_permutexvar_epi8(places, some_of(lines[2] + at, left)), k);
        d = added(d, _mm512_permutexvar_epi8(places, some_of(lines[3] + at, left)), k);
    }
    const unsigned values = (unsigned)(3 * least(w->size - x, GROUP));
    const __mmask16 inside = (__mmask16)_bzhi_u32(0x7fff, values);
    put(a, inside, to[0] + 3 * x);
    put(b, inside, to[1] + 3 * x);
    put(c, inside, to[2] + 3 * x);
    put(d, inside, to[3] + 3 * x);
}

static void table_across(const Weights *w, const uint8_t *from, int64_t line, int64_t count,
                         uint8_t *to) {
    if (!w->tables) {
        plain_across_avx512(w, from, line, count, to);
        return;
    }
    const uint8_t *lines[LINES];
    uint8_t *results[LINES];
    for (int64_t i = 0; i < LINES; i++) { /* where there are fewer, the last one is made again */
        lines[i] = from + least(i, count - 1) * line;
        results[i] = to + least(i, count - 1) * 3 * w->size;
    }
    for (int64_t x = 0; x < w->size; x += GROUP) step_across(w, x, lines, results);
}

/* 64 bytes of a line of the result. */
static inline void step_down(const int32_t *weights, int64_t count, const uint8_t *const *lines,
                             int64_t at, int64_t left, uint8_t *to) {
    Sums p = nothing(), q = nothing(), r = nothing(), s = nothing();
    for (int64_t i = 0; i < count; i += 4, weights += 3) {
        const int64_t last = count - 1;
        const __m512i a = some_of(lines[i] + at, left);
        const __m512i b = some_of(lines[least(i + 1, last)] + at, left);
        const __m512i c = some_of(lines[least(i + 2, last)] + at, left);
        const __m512i d = some_of(lines[least(i + 3, last)] + at, left);
        const Sums k = {_mm512_set1_epi32(weights[0]), _mm512_set1_epi32(weights[1]),
                        _mm512_set1_epi32(weights[2])};
        const __m512i ab = _mm512_unpacklo_epi8(a, b), cd = _mm512_unpacklo_epi8(c, d);
        const __m512i above = _mm512_unpackhi_epi8(a, b), beyond = _mm512_unpackhi_epi8(c, d);
        p = added(p, _mm512_unpacklo_epi16(ab, cd), k);
        q = added(q, _mm512_unpackhi_epi16(ab, cd), k);
        r = added(r, _mm512_unpacklo_epi16(above, beyond), k);
        s = added(s, _mm512_unpackhi_epi16(above, beyond), k);
    }
    const __m512i front = _mm512_packs_epi32(whole(p), whole(q));
    const __m512i values = _mm512_packus_epi16(front, _mm512_packs_epi32(whole(r), whole(s)));
    _mm512_mask_storeu_epi8(to + at, _bzhi_u64(~0ull, (unsigned)least(left, 64)), values);
}

static void table_down(const Weights *w, int64_t y, const uint8_t *const *lines, int64_t bytes,
                       uint8_t *to) {
    const int32_t *weights = w->tables + y * w->most / 4 * 3;
    for (int64_t at = 0; at < bytes; at += 64)
        step_down(weights, w->count[y], lines, at, bytes - at, to);
}
