/* Sums over pictures, in whole numbers. Included once for each instruction set, as scaling.h is. */

/* Of at most PART pixels: sums of R G B, RR GG BB, RG RB GB. */
static void VARIANT(plain_moments)(const uint8_t *from, int64_t pixels, int64_t *moments) {
    uint32_t sums[9] = {0};
    for (const uint8_t *p = from; p < from + 3 * pixels; p += 3) {
        const uint32_t r = p[0], g = p[1], b = p[2];
        sums[0] += r, sums[1] += g, sums[2] += b;
        sums[3] += r * r, sums[4] += g * g, sums[5] += b * b;
        sums[6] += r * g, sums[7] += r * b, sums[8] += g * b;
    }
    for (int i = 0; i < 9; i++) moments[i] += sums[i];
}

#ifdef VBMI
#include "moments_avx512.h"
#else
#define MOMENTS VARIANT(plain_moments)
#endif

/* Adds a picture (pixels, 3) to ``sums`` (pixels, 3), unless null, and to the nine ``moments``. */
void VARIANT(measure)(const uint8_t *picture, int64_t pixels, uint32_t *sums, int64_t *moments) {
    const int64_t bytes = 3 * pixels;
    for (int64_t i = 0; sums && i < bytes; i++) sums[i] += picture[i];
    for (int64_t first = 0; first < pixels; first += PART)
        MOMENTS(picture + 3 * first, least(PART, pixels - first), moments);
}
#undef MOMENTS

/* A line of areas from the sums of its lines of pixels: grey, its fraction rounded half up. */
static void VARIANT(greys)(const uint32_t *sums, int64_t pixels, int64_t areas, uint8_t *to) {
    const uint64_t all = (uint64_t)(pixels * pixels) << 16;
    for (int64_t area = 0; area < areas; area++) {
        uint64_t r = 0, g = 0, b = 0;
        int64_t at = area * pixels, end = at + pixels; /* in 1 / areas of a pixel */
        for (int64_t x = at / areas; at < end; x++) {
            const int64_t next = least(end, (x + 1) * areas), part = next - at;
            r += (uint64_t)part * sums[3 * x], g += (uint64_t)part * sums[3 * x + 1];
            b += (uint64_t)part * sums[3 * x + 2];
            at = next;
        }
        to[area] = (uint8_t)((19595 * r + 38470 * g + 7471 * b + all / 2) / all);
    }
}

/* ``picture``: (pixels, pixels, 3); ``to``: (areas, areas). 0, and nothing done, without memory. */
int VARIANT(small_grey)(const uint8_t *picture, int64_t pixels, int64_t areas, uint8_t *to) {
    const int64_t bytes = 3 * pixels;
    uint32_t *sums = malloc((size_t)bytes * sizeof *sums);
    if (!sums) return 0;
    for (int64_t area = 0; area < areas; area++) {
        memset(sums, 0, (size_t)bytes * sizeof *sums);
        int64_t at = area * pixels, end = at + pixels;
        for (int64_t y = at / areas; at < end; y++) {
            const int64_t next = least(end, (y + 1) * areas);
            const uint32_t part = (uint32_t)(next - at);
            const uint8_t *from = picture + y * bytes;
            for (int64_t i = 0; i < bytes; i++) sums[i] += part * from[i];
            at = next;
        }
        VARIANT(greys)(sums, pixels, areas, to + area * areas);
    }
    free(sums);
    return 1;
}
