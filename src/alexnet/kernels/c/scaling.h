/* A box of an RGB picture scaled to a square as Pillow does it: across, rounded to bytes, and then
 * down; or down first, which Pillow 13 prefers for tall pictures.
 *
 * Included for AVX2 and AVX-512, with VARIANT(name) giving the names of its functions, and VBMI
 * where there are permutations and products of bytes. For other processors Pillow is as fast. */

/* A pixel and one more byte, and the same where there may be none. */
static inline int32_t VARIANT(pixel)(const uint8_t *from) {
    int32_t bytes;
    memcpy(&bytes, from, 4);
    return bytes;
}

static inline int32_t VARIANT(last_pixel)(const uint8_t *from) {
    return from[0] | from[1] << 8 | from[2] << 16;
}

/* ``sums`` and the pixels of two lines times ``weight``. */
static inline __m256i VARIANT(with)(__m256i sums, int32_t a, int32_t b, int32_t weight) {
    const __m256i pixels = _mm256_cvtepu8_epi32(_mm_insert_epi32(_mm_cvtsi32_si128(a), b, 1));
    return _mm256_add_epi32(sums, _mm256_mullo_epi32(pixels, _mm256_set1_epi32(weight)));
}

/* Eight sums as bytes. */
static inline int64_t VARIANT(bytes_of)(__m256i sums) {
    const __m256i values = _mm256_srai_epi32(sums, BITS);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(values),
                                          _mm256_extracti128_si256(values, 1));
    return _mm_cvtsi128_si64(_mm_packus_epi16(words, words));
}

/* Two lines, scaled. */
static void VARIANT(pair_across)(const Weights *w, const uint8_t *const *lines,
                                 uint8_t *const *to) {
    for (int64_t x = 0; x < w->size; x++) {
        const int32_t *k = w->values + x * w->most, last = w->count[x] - 1;
        const uint8_t *a = lines[0] + 3 * (int64_t)w->first[x];
        const uint8_t *b = lines[1] + 3 * (int64_t)w->first[x];
        __m256i sums = _mm256_set1_epi32(HALF);
        for (int32_t i = 0; i < last; i++, a += 3, b += 3)
            sums = VARIANT(with)(sums, VARIANT(pixel)(a), VARIANT(pixel)(b), k[i]);
        sums = VARIANT(with)(sums, VARIANT(last_pixel)(a), VARIANT(last_pixel)(b), k[last]);
        const int64_t both = VARIANT(bytes_of)(sums);
        memcpy(to[0] + 3 * x, &both, 3);
        memcpy(to[1] + 3 * x, (const uint8_t *)&both + 4, 3);
    }
}

/* ``count`` lines of pixels, ``line`` bytes apart, scaled into lines without gaps. */
static void VARIANT(plain_across)(const Weights *w, const uint8_t *from, int64_t line,
                                  int64_t count, uint8_t *to) {
    for (int64_t i = 0; i < count; i += 2) { /* where there is one left, it is made twice */
        const int64_t other = least(i + 1, count - 1);
        const uint8_t *lines[2] = {from + i * line, from + other * line};
        uint8_t *results[2] = {to + i * 3 * w->size, to + other * 3 * w->size};
        VARIANT(pair_across)(w, lines, results);
    }
}

#ifdef VBMI
#include "scaling_avx512.h"
#define ACROSS table_across
#define DOWN table_down
#define ARRANGE arrange
#else
static inline void VARIANT(copy_eight)(void *to, const void *from, int64_t left) {
    if (left >= 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, (size_t)left);
}

/* ``bytes`` bytes of line y of the result, from as many lines as it has weights. */
static void VARIANT(plain_down)(const Weights *w, int64_t y, const uint8_t *const *lines,
                                int64_t bytes, uint8_t *to) {
    const int32_t *k = w->values + y * w->most, count = w->count[y];
    for (int64_t at = 0; at < bytes; at += 8) {
        __m256i sums = _mm256_set1_epi32(HALF);
        for (int32_t i = 0; i < count; i++) {
            int64_t eight = 0;
            VARIANT(copy_eight)(&eight, lines[i] + at, bytes - at);
            const __m256i pixels = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(eight));
            const __m256i weight = _mm256_set1_epi32(k[i]);
            sums = _mm256_add_epi32(sums, _mm256_mullo_epi32(pixels, weight));
        }
        const int64_t eight = VARIANT(bytes_of)(sums);
        VARIANT(copy_eight)(to + at, &eight, bytes - at);
    }
}

#define ACROSS VARIANT(plain_across)
#define DOWN VARIANT(plain_down)
#define ARRANGE(x, y) 1
#endif

/* Lines scaled across are kept in a ring of ``room`` as long as a line of the result asks them. */
static void VARIANT(across_first)(const Weights *x, const Weights *y, const uint8_t *pixels,
                                  int64_t line, uint8_t *room, const uint8_t **asked, uint8_t *to) {
    const int64_t bytes = 3 * x->size, kept = y->most + LINES, last = end_of(y, y->size - 1);
    for (int64_t at = 0, done = 0; at < y->size; at++) {
        const int64_t first = y->first[at];
        done = done < first ? first : done;
        while (done < end_of(y, at)) {
            const int64_t place = done % kept;
            const int64_t some = least(least(LINES, last - done), kept - place);
            ACROSS(x, pixels + done * line, line, some, room + place * bytes);
            done += some;
        }
        for (int64_t i = first; i < end_of(y, at); i++)
            asked[i - first] = room + i % kept * bytes;
        DOWN(y, at, asked, bytes, to + at * bytes);
    }
}

static void VARIANT(down_first)(const Weights *x, const Weights *y, const uint8_t *pixels,
                                int64_t line, uint8_t *room, const uint8_t **asked, uint8_t *to) {
    const int64_t from = 3 * x->first[0], bytes = 3 * end_of(x, x->size - 1) - from;
    for (int64_t at = 0; at < y->size; at += LINES) {
        const int64_t some = least(LINES, y->size - at);
        for (int64_t j = at; j < at + some; j++) {
            for (int64_t i = y->first[j]; i < end_of(y, j); i++)
                asked[i - y->first[j]] = pixels + i * line + from;
            DOWN(y, j, asked, bytes, room + (j - at) * 3 * x->pixels + from);
        }
        ACROSS(x, room, 3 * x->pixels, some, to + at * 3 * x->size);
    }
}

/* ``pixels``: (rows, columns, 3), lines so many bytes apart. ``box``: left, top, right, bottom.
 * ``to``: (size, size, 3). 0, and nothing done, without memory. */
int VARIANT(scale_square)(const uint8_t *pixels, int64_t line, int64_t columns, int64_t rows,
                          const float *box, int64_t size, int64_t is_bicubic, int64_t is_down_first,
                          uint8_t *to) {
    Weights x = {0}, y = {0};
    int enough = take_weights(&x, size, columns, box[0], box[2], (int)is_bicubic) &&
                 take_weights(&y, size, rows, box[1], box[3], (int)is_bicubic) && ARRANGE(&x, &y);
    const int64_t kept = enough ? (y.most + LINES) * size : 0, whole = LINES * columns;
    uint8_t *room = calloc((size_t)(is_down_first ? whole : kept), 3);
    const uint8_t **asked = calloc((size_t)y.most + 1, sizeof *asked);
    enough = enough && room && asked;
    if (enough)
        (is_down_first ? VARIANT(down_first) : VARIANT(across_first))(
            &x, &y, pixels, line, room, asked, to);
    free(room);
    free(asked);
    free_weights(&x);
    free_weights(&y);
    return enough;
}
#undef ACROSS
#undef DOWN
#undef ARRANGE
