/* ReLU, local response normalisation and max pooling as one step.
 *
 * Included once for each instruction set, with VARIANT(name) giving the names of its functions, and
 * VECTOR the bits of a vector where that has an estimate of 1 / sqrt.
 * Tensors are channels_last: (pictures, rows, columns, channels), channels innermost. Elements are
 * float32 or bfloat16; all arithmetic is float32. Pictures are shared among OpenMP's threads.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef VECTOR
#include <immintrin.h>
#endif

enum { RELU_NONE, RELU_BEFORE, RELU_AFTER };
enum { FLAT = 255 }; /* the place of a maximum that the ReLU after the pooling set to 0 */

#ifndef ALEXNET_NUMBERS
#define ALEXNET_NUMBERS
typedef struct {
    int64_t pictures, rows, columns, channels, out_rows, out_columns;
    int64_t groups, size, window, stride, relu, bf16;
    float alpha, beta, k;
} Numbers;
#endif

static inline float from_bf16(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

static inline uint16_t to_bf16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    return (uint16_t)(value != value ? 0x7fc0 : rounded);
}

static void load(float *restrict out, const void *from, int64_t at, int64_t count, int64_t bf16) {
    if (bf16) {
        const uint16_t *restrict values = (const uint16_t *)from + at;
        for (int64_t i = 0; i < count; i++) out[i] = from_bf16(values[i]);
    } else {
        memcpy(out, (const float *)from + at, count * sizeof(float));
    }
}

static void store(void *to, int64_t at, const float *restrict from, int64_t count, int64_t bf16) {
    if (bf16) {
        uint16_t *restrict values = (uint16_t *)to + at;
        for (int64_t i = 0; i < count; i++) values[i] = to_bf16(from[i]);
    } else {
        memcpy((float *)to + at, from, count * sizeof(float));
    }
}

static inline void rectify(float *restrict values, int64_t count) {
    /* Not a number stays what it is, as in torch. */
    for (int64_t i = 0; i < count; i++) values[i] = values[i] < 0 ? 0 : values[i];
}

/* 1 / sqrt of a vector, to float32's precision: an estimate and one step of Newton's. */
#if VECTOR == 512
typedef __m512 Vector;
enum { LANES = 16 };
static inline Vector inverse_root(Vector x) {
    Vector r = _mm512_rsqrt14_ps(x), half = _mm512_mul_ps(_mm512_set1_ps(0.5f), x);
    return _mm512_mul_ps(r, _mm512_fnmadd_ps(_mm512_mul_ps(half, r), r, _mm512_set1_ps(1.5f)));
}
#elif VECTOR == 256
typedef __m256 Vector;
enum { LANES = 8 };
static inline Vector inverse_root(Vector x) {
    Vector r = _mm256_rsqrt_ps(x), half = _mm256_mul_ps(_mm256_set1_ps(0.5f), x);
    return _mm256_mul_ps(r, _mm256_fnmadd_ps(_mm256_mul_ps(half, r), r, _mm256_set1_ps(1.5f)));
}
#endif

/* sums^-beta, and 1 / sums; the paper's beta of 0.75 takes no powf. */
static void powers_of(float *restrict out, float *restrict inverse, const float *restrict sums,
                      int64_t count, float beta) {
    int64_t i = 0;
    if (beta != 0.75f) {
        for (; i < count; i++) out[i] = powf(sums[i], -beta), inverse[i] = 1.0f / sums[i];
        return;
    }
#ifdef VECTOR
    for (; i + LANES <= count; i += LANES) {
        Vector sum;
        memcpy(&sum, sums + i, sizeof sum);
        Vector root = inverse_root(sum), both = root * root, powers;
        float parts[LANES] __attribute__((aligned(64)));
        memcpy(parts, &root, sizeof root);
        for (int j = 0; j < LANES; j++) parts[j] = sqrtf(parts[j]);
        memcpy(&powers, parts, sizeof powers);
        powers *= root;
        memcpy(out + i, &powers, sizeof powers);
        memcpy(inverse + i, &both, sizeof both);
    }
#endif
    for (; i < count; i++) {
        float root = 1.0f / sqrtf(sums[i]);
        out[i] = root * sqrtf(root);
        inverse[i] = root * root;
    }
}

/* A row in which every tower of every pixel is followed by size - 1 zeros, so that sums over
 * neighbouring channels are one long loop that knows nothing of pixels and towers. */
typedef struct {
    float *x, *work, *powers, *inverse, *sums, *rows, *given;
    int32_t *codes;
    int64_t tower, segment, segments, length;
} VARIANT(Room);

static int VARIANT(take)(VARIANT(Room) * room, const Numbers *n, int64_t rows) {
    const int64_t line = n->columns * n->channels;
    room->tower = n->channels / n->groups;
    room->segment = room->tower + n->size - 1;
    room->segments = n->columns * n->groups;
    room->length = room->segments * room->segment;
    const int64_t padded = room->length + 2 * n->size;
    room->x = calloc(5 * padded + rows * line + 2 * n->channels, sizeof(float));
    if (!room->x) return 0;
    room->x += n->size; /* sums look back beyond the first channel */
    room->work = room->x + padded;
    room->powers = room->work + padded;
    room->inverse = room->powers + padded;
    room->sums = room->inverse + padded;
    room->rows = room->sums + padded - n->size;
    room->given = room->rows + rows * line;
    room->codes = (int32_t *)(room->given + n->channels);
    return 1;
}

static void VARIANT(give_back)(VARIANT(Room) * room, const Numbers *n) {
    free(room->x - n->size);
}

/* sums[i] = sum of a[j] for ``size`` places j from i - before on. */
static void window_sums(float *restrict sums, const float *restrict a, int64_t length, int64_t size,
                        int64_t before) {
    const float *restrict from = a - before;
    if (size == 5) {
        for (int64_t i = 0; i < length; i++)
            sums[i] = from[i] + from[i + 1] + from[i + 2] + from[i + 3] + from[i + 4];
        return;
    }
    for (int64_t i = 0; i < length; i++) sums[i] = from[i];
    for (int64_t j = 1; j < size; j++)
        for (int64_t i = 0; i < length; i++) sums[i] += from[i + j];
}

/* Put a row of x into the room, rectified if so be, with the powers of its sums and their
 * inverses; what stands at the zeros between the towers means nothing. */
static void VARIANT(norms)(VARIANT(Room) * room, const void *x, int64_t at, const Numbers *n) {
    for (int64_t i = 0; i < room->segments; i++)
        load(room->x + i * room->segment, x, at + i * room->tower, room->tower, n->bf16);
    float *restrict values = room->x, *restrict squares = room->work, *restrict sums = room->sums;
    if (n->relu == RELU_BEFORE) rectify(values, room->length);
    for (int64_t i = 0; i < room->length; i++) squares[i] = values[i] * values[i];
    window_sums(sums, squares, room->length, n->size, n->size / 2);
    const float k = n->k, alpha = n->alpha;
    for (int64_t i = 0; i < room->length; i++) sums[i] = k + alpha * sums[i];
    powers_of(room->powers, room->inverse, sums, room->length, n->beta);
}

static void VARIANT(normalised_row)(float *restrict out, const void *x, int64_t at,
                                    VARIANT(Room) * room, const Numbers *n) {
    VARIANT(norms)(room, x, at, n);
    for (int64_t i = 0; i < room->segments; i++) {
        const float *restrict values = room->x + i * room->segment;
        const float *restrict powers = room->powers + i * room->segment;
        float *restrict to = out + i * room->tower;
        for (int64_t c = 0; c < room->tower; c++) to[c] = values[c] * powers[c];
    }
}

/* The largest of the window's values for each channel, and where in the window it was. */
static void VARIANT(maxima)(float *restrict best, int32_t *restrict code, const float *rows,
                            int64_t y, int64_t height, int64_t x, int64_t width, const Numbers *n) {
    const int64_t channels = n->channels, line = n->columns * channels;
    for (int64_t dy = 0; dy < height; dy++)
        for (int64_t dx = 0; dx < width; dx++) {
            const float *restrict values =
                rows + ((y + dy) % n->window) * line + (x + dx) * channels;
            const int32_t here = (int32_t)(dy * n->window + dx);
            if (here == 0) {
                for (int64_t c = 0; c < channels; c++) best[c] = values[c], code[c] = 0;
                continue;
            }
            for (int64_t c = 0; c < channels; c++) {
                int larger = values[c] > best[c] || values[c] != values[c]; /* no number wins */
                code[c] = larger ? here : code[c];
                best[c] = larger ? values[c] : best[c];
            }
        }
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* y: (pictures, out_rows, out_columns, channels); at: the same as uint8. 0 where memory lacks. */
int VARIANT(norm_pool_forward)(const void *x, void *y, uint8_t *at, const Numbers *n) {
    int enough = 1;
    const int64_t channels = n->channels, line = n->columns * channels;
#pragma omp parallel for schedule(static) reduction(&& : enough)
    for (int64_t picture = 0; picture < n->pictures; picture++) {
        VARIANT(Room) room;
        if (!VARIANT(take)(&room, n, n->window)) {
            enough = 0;
            continue;
        }
        float *restrict best = room.given;
        int32_t *restrict codes = room.codes;
        int64_t done = 0;
        for (int64_t oy = 0; oy < n->out_rows; oy++) {
            const int64_t top = oy * n->stride, height = least(n->window, n->rows - top);
            for (done = done < top ? top : done; done < top + height; done++)
                VARIANT(normalised_row)(room.rows + (done % n->window) * line, x,
                                        (picture * n->rows + done) * line, &room, n);
            for (int64_t ox = 0; ox < n->out_columns; ox++) {
                const int64_t left = ox * n->stride, width = least(n->window, n->columns - left);
                const int64_t place =
                    ((picture * n->out_rows + oy) * n->out_columns + ox) * channels;
                VARIANT(maxima)(best, codes, room.rows, top, height, left, width, n);
                if (n->relu == RELU_AFTER)
                    for (int64_t c = 0; c < channels; c++) {
                        codes[c] = best[c] <= 0 ? FLAT : codes[c];
                        best[c] = best[c] < 0 ? 0 : best[c];
                    }
                store(y, place, best, channels, n->bf16);
                for (int64_t c = 0; c < channels; c++) at[place + c] = (uint8_t)codes[c];
            }
        }
        VARIANT(give_back)(&room, n);
    }
    return enough;
}

/* The gradient of one row of normalised values: what each window hands back to its maximum. */
static void VARIANT(gathered_row)(float *restrict row, const void *upper, const uint8_t *at,
                                  int64_t picture, int64_t y, float *restrict given,
                                  const Numbers *n) {
    const int64_t channels = n->channels;
    memset(row, 0, n->columns * channels * sizeof(float));
    int64_t first = y - n->window + 1;
    first = first <= 0 ? 0 : (first + n->stride - 1) / n->stride;
    for (int64_t oy = first; oy < n->out_rows && oy * n->stride <= y; oy++)
        for (int64_t ox = 0; ox < n->out_columns; ox++) {
            const int64_t left = ox * n->stride, width = least(n->window, n->columns - left);
            const int64_t place = ((picture * n->out_rows + oy) * n->out_columns + ox) * channels;
            const uint8_t *restrict codes = at + place;
            load(given, upper, place, channels, n->bf16);
            for (int64_t dx = 0; dx < width; dx++) {
                const int32_t here = (int32_t)((y - oy * n->stride) * n->window + dx);
                float *restrict out = row + (left + dx) * channels;
                for (int64_t c = 0; c < channels; c++)
                    out[c] += (int32_t)codes[c] == here ? given[c] : 0.0f;
            }
        }
}

/* dx = g s^-beta - 2 alpha beta x sum(g x s^(-beta-1)), where x was positive; g becomes dx. */
static void VARIANT(row_gradient)(float *restrict g, VARIANT(Room) * room, const Numbers *n) {
    const int64_t length = room->length, segment = room->segment, tower = room->tower;
    float *restrict through = room->powers, *restrict shared = room->work;
    for (int64_t i = 0; i < room->segments; i++) {
        float *restrict powers = through + i * segment;
        const float *restrict given = g + i * tower;
        for (int64_t c = 0; c < tower; c++) powers[c] *= given[c];
    }
    /* Between the towers x is 0, so the powers that stand there do no harm. */
    const float *restrict x = room->x, *restrict inverse = room->inverse;
    for (int64_t i = 0; i < length; i++) shared[i] = through[i] * x[i] * inverse[i];
    window_sums(room->sums, shared, length, n->size, n->size - 1 - n->size / 2);
    const float factor = 2 * n->alpha * n->beta;
    const int positive = n->relu == RELU_BEFORE;
    for (int64_t i = 0; i < room->segments; i++) {
        const float *restrict values = x + i * segment, *restrict sums = room->sums + i * segment;
        const float *restrict powers = through + i * segment;
        float *restrict to = g + i * tower;
        for (int64_t c = 0; c < tower; c++) {
            float slope = powers[c] - factor * values[c] * sums[c];
            to[c] = positive && values[c] <= 0 ? 0 : slope;
        }
    }
}

int VARIANT(norm_pool_backward)(const void *x, const void *upper, const uint8_t *at, void *dx,
                                const Numbers *n) {
    int enough = 1;
    const int64_t channels = n->channels, line = n->columns * channels;
#pragma omp parallel for schedule(static) reduction(&& : enough)
    for (int64_t picture = 0; picture < n->pictures; picture++) {
        VARIANT(Room) room;
        if (!VARIANT(take)(&room, n, 1)) {
            enough = 0;
            continue;
        }
        for (int64_t y = 0; y < n->rows; y++) {
            float *gradient = room.rows;
            const int64_t place = (picture * n->rows + y) * line;
            VARIANT(norms)(&room, x, place, n);
            VARIANT(gathered_row)(gradient, upper, at, picture, y, room.given, n);
            VARIANT(row_gradient)(gradient, &room, n);
            store(dx, place, gradient, line, n->bf16);
        }
        VARIANT(give_back)(&room, n);
    }
    return enough;
}
