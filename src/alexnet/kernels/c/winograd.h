/* Convolutions with windows of 3x3 and 5x5 and stride 1 by Winograd's minimal filtering (Lavin and
 * Gray, "Fast Algorithms for Convolutional Neural Networks", 2016), in float32.
 *
 * A tile of 6x6 places is transformed, multiplied place by place with transformed weights, and gives
 * 4x4 outputs (3x3) or 2x2 (5x5): 36 products where the sums have 144 or 100. The points are 0, 1,
 * -1, 1/2, -2 and infinity; with 2 for 1/2 the error is four times as large. The products of all
 * tiles and channels at one place are a product of matrices.
 *
 * Included once for each instruction set, after kernels.h. Channels go in blocks of LANES: tiles as
 * (36 places, blocks, tiles, LANES), weights as (36 places, blocks of kernels, channels of a group,
 * LANES). Tiles are counted through all pictures. Sums have one order, whatever the threads.
 */

enum { SIDE = 6, PLACES = SIDE * SIDE };
enum { TILES = 48 };        /* that a thread transforms at a time: their values stay near it */
enum { SHARED_TILES = 96 }; /* that all threads transform at a time for the weights' gradient */

#ifndef ALEXNET_CONVOLVED
#define ALEXNET_CONVOLVED
typedef struct {
    int64_t pictures, rows, columns, channels, out_rows, out_columns, kernels;
    int64_t groups, window, padding;
} Convolved;
#endif

#if VECTOR == 512
enum { TILE_ROWS = 8, FORWARD_BLOCKS = 3, CHANNEL_ROWS = 8, WEIGHT_BLOCKS = 3 };
static inline Vector every(float value) { return _mm512_set1_ps(value); }
static inline Vector read(const float *from) { return _mm512_loadu_ps(from); }
static inline void write(float *to, Vector value) { _mm512_storeu_ps(to, value); }
#else
enum { TILE_ROWS = 6, FORWARD_BLOCKS = 2, CHANNEL_ROWS = 4, WEIGHT_BLOCKS = 3 };
static inline Vector every(float value) { return _mm256_set1_ps(value); }
static inline Vector read(const float *from) { return _mm256_loadu_ps(from); }
static inline void write(float *to, Vector value) { _mm256_storeu_ps(to, value); }
#endif

/* Values of the polynomial whose coefficients are given, at the six points. */
static inline void at_points(Vector *out, const Vector *in, int count) {
    Vector even = in[0], odd = in[1], half = in[0] + in[1] * 0.5f, two = in[0] - in[1] * 2.0f;
    if (count == 4) {
        even += in[2], odd += in[3];
        half += in[2] * 0.25f + in[3] * 0.125f, two += in[2] * 4.0f - in[3] * 8.0f;
    }
    out[0] = in[0], out[1] = even + odd, out[2] = even - odd;
    out[3] = half, out[4] = two, out[5] = in[count - 1];
}

/* The transpose of at_points. */
static inline void from_points(Vector *out, const Vector *in, int count) {
    Vector sum = in[1] + in[2], difference = in[1] - in[2];
    out[0] = in[0] + sum + in[3] + in[4];
    out[1] = difference + in[3] * 0.5f - in[4] * 2.0f;
    if (count == 4) {
        out[2] = sum + in[3] * 0.25f + in[4] * 4.0f;
        out[3] = difference + in[3] * 0.125f - in[4] * 8.0f;
    }
    out[count - 1] += in[5];
}

/* Rows of the polynomials that are 0 at all points but one, applied to six inputs. */
static inline void of_inputs(Vector *out, const Vector *in) {
    Vector a = in[4] - in[2], b = in[3] - in[1];
    out[0] = in[0] + in[4] - in[2] * 2.0f + b * 1.5f;
    out[1] = in[4] - in[1] + in[2] * 0.5f + in[3] * 2.5f;
    out[2] = in[4] + in[1] - in[2] * 2.5f + in[3] * 0.5f;
    out[3] = a + b * 2.0f;
    out[4] = a - b * 0.5f;
    out[5] = in[1] + in[5] - in[3] * 2.0f + a * 1.5f;
}

typedef struct {
    int64_t side, across, each, count; /* outputs of a side, tiles in a row, of a picture, of all */
} VARIANT(Tiling);

static VARIANT(Tiling) VARIANT(tiling)(const Convolved *n) {
    VARIANT(Tiling) tiles;
    tiles.side = SIDE + 1 - n->window;
    tiles.across = (n->out_columns + tiles.side - 1) / tiles.side;
    tiles.each = (n->out_rows + tiles.side - 1) / tiles.side * tiles.across;
    tiles.count = tiles.each * n->pictures;
    return tiles;
}

/* Where the values of a tile stand, ``side`` by ``side`` of them; ``zeros`` where there are none. */
static inline void places_of(const float **from, const float *maps, const float *zeros, int64_t side,
                             int64_t picture, int64_t top, int64_t left, int64_t rows,
                             int64_t columns, int64_t channels) {
    for (int64_t y = 0; y < side; y++)
        for (int64_t x = 0; x < side; x++) {
            const int64_t row = top + y, column = left + x;
            const int inside = row >= 0 && row < rows && column >= 0 && column < columns;
            *from++ = inside ? maps + ((picture * rows + row) * columns + column) * channels : zeros;
        }
}

/* B' d B of one tile for all its channels: values[place * stride + block * tiles * LANES]. */
static void VARIANT(transform_inputs)(float *values, int64_t stride, int64_t tiles, const float *x,
                                      const float *zeros, int64_t tile, const Convolved *n,
                                      const VARIANT(Tiling) * t) {
    const float *from[PLACES];
    const int64_t in = tile % t->each;
    places_of(from, x, zeros, SIDE, tile / t->each, in / t->across * t->side - n->padding,
              in % t->across * t->side - n->padding, n->rows, n->columns, n->channels);
    for (int64_t c = 0; c < n->channels; c += LANES, values += tiles * LANES) {
        Vector across[SIDE][SIDE], line[SIDE], out[SIDE];
        for (int j = 0; j < SIDE; j++) {
            for (int i = 0; i < SIDE; i++) line[i] = read(from[i * SIDE + j] + c);
            of_inputs(out, line);
            for (int i = 0; i < SIDE; i++) across[i][j] = out[i];
        }
        for (int i = 0; i < SIDE; i++) {
            of_inputs(out, across[i]);
            for (int j = 0; j < SIDE; j++) write(values + (i * SIDE + j) * stride, out[j]);
        }
    }
}

/* A g A' of the gradients of one tile's outputs, laid out likewise. */
static inline void VARIANT(spread_outputs)(float *values, int64_t stride, int64_t tiles,
                                           const float *gradient, const float *zeros, int64_t tile,
                                           const Convolved *n, const VARIANT(Tiling) * t, int side) {
    const float *from[PLACES];
    const int64_t in = tile % t->each;
    places_of(from, gradient, zeros, side, tile / t->each, in / t->across * side,
              in % t->across * side, n->out_rows, n->out_columns, n->kernels);
    for (int64_t c = 0; c < n->kernels; c += LANES, values += tiles * LANES) {
        Vector across[SIDE][4], line[4], out[SIDE];
        for (int j = 0; j < side; j++) {
            for (int i = 0; i < side; i++) line[i] = read(from[i * side + j] + c);
            at_points(out, line, side);
            for (int i = 0; i < SIDE; i++) across[i][j] = out[i];
        }
        for (int i = 0; i < SIDE; i++) {
            at_points(out, across[i], side);
            for (int j = 0; j < SIDE; j++) write(values + (i * SIDE + j) * stride, out[j]);
        }
    }
}

/* A' m A of one tile's products for some blocks of kernels, and the bias; into y. */
static inline void VARIANT(gather_outputs)(float *y, const float *products, int64_t stride,
                                           const float *bias, int64_t kernel, int64_t blocks,
                                           int64_t tile, const Convolved *n,
                                           const VARIANT(Tiling) * t, int side) {
    const int64_t in = tile % t->each, picture = tile / t->each;
    const int64_t top = in / t->across * side, left = in % t->across * side;
    for (int64_t b = 0; b < blocks; b++, products += LANES, kernel += LANES) {
        Vector across[4][SIDE], line[SIDE], out[4];
        for (int j = 0; j < SIDE; j++) {
            for (int i = 0; i < SIDE; i++) line[i] = read(products + (i * SIDE + j) * stride);
            from_points(out, line, side);
            for (int i = 0; i < side; i++) across[i][j] = out[i];
        }
        const Vector more = bias ? read(bias + kernel) : every(0);
        for (int i = 0; i < side && top + i < n->out_rows; i++) {
            from_points(out, across[i], side);
            float *to = y + ((picture * n->out_rows + top + i) * n->out_columns + left) * n->kernels;
            for (int j = 0; j < side && left + j < n->out_columns; j++)
                write(to + j * n->kernels + kernel, out[j] + more);
        }
    }
}

/* out[r * out_row + v * out_block] = sum over k of a[r * row + k] * b[v * block + k * LANES], a lane
 * each; a's k are ``next`` apart, and after every ``run`` of them a goes on ``jump`` further. */
typedef struct {
    int64_t out_row, out_block, row, next, run, jump, block, length;
} VARIANT(Strides);

#define INLINE static inline __attribute__((always_inline))
INLINE void VARIANT(multiply)(float *out, const float *a, const float *b,
                              const VARIANT(Strides) * s, int rows, int blocks, int more) {
    Vector sums[8][3];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (int v = 0; v < blocks; v++)
            sums[r][v] = more ? read(out + r * s->out_row + v * s->out_block) : every(0);
    for (int64_t done = 0; done < s->length; done += s->run, a += s->jump) {
        const float *from = a;
        for (int64_t k = 0; k < s->run; k++, from += s->next, b += LANES) {
            Vector given[3];
#pragma GCC unroll 3
            for (int v = 0; v < blocks; v++) given[v] = read(b + v * s->block);
#pragma GCC unroll 8
            for (int r = 0; r < rows; r++) {
                const Vector factor = every(from[r * s->row]);
#pragma GCC unroll 3
                for (int v = 0; v < blocks; v++) sums[r][v] += factor * given[v];
            }
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (int v = 0; v < blocks; v++)
            write(out + r * s->out_row + v * s->out_block, sums[r][v]);
}

/* Products of TILES tiles with some blocks of kernels at one place. */
static void VARIANT(tile_products)(float *out, const float *values, const float *weights,
                                   int64_t channels, int64_t blocks) {
    const VARIANT(Strides) s = {
        .out_row = blocks * LANES, .out_block = LANES,
        .row = LANES, .next = 1, .run = LANES, .jump = TILES * LANES,
        .block = channels * LANES, .length = channels,
    };
    for (int64_t t = 0; t < TILES; t += TILE_ROWS) {
        float *to = out + t * s.out_row;
        const float *from = values + t * LANES;
        if (blocks == 3) VARIANT(multiply)(to, from, weights, &s, TILE_ROWS, 3, 0);
        else if (blocks == 2) VARIANT(multiply)(to, from, weights, &s, TILE_ROWS, 2, 0);
        else VARIANT(multiply)(to, from, weights, &s, TILE_ROWS, 1, 0);
    }
}

/* Sums over ``count`` tiles of values x spread: (blocks of kernels, channels, LANES) at one place. */
static void VARIANT(channel_products)(float *out, const float *values, const float *spread,
                                      int64_t channels, int64_t blocks, int64_t count, int more) {
    const VARIANT(Strides) s = {
        .out_row = LANES, .out_block = channels * LANES,
        .row = 1, .next = LANES, .run = count, .jump = 0,
        .block = SHARED_TILES * LANES, .length = count,
    };
    for (int64_t c = 0; c < channels; c += CHANNEL_ROWS) {
        float *to = out + c * LANES;
        const float *from = values + c / LANES * SHARED_TILES * LANES + c % LANES;
        if (blocks == 3) VARIANT(multiply)(to, from, spread, &s, CHANNEL_ROWS, 3, more);
        else if (blocks == 2) VARIANT(multiply)(to, from, spread, &s, CHANNEL_ROWS, 2, more);
        else VARIANT(multiply)(to, from, spread, &s, CHANNEL_ROWS, 1, more);
    }
}

static int64_t VARIANT(at_once)(int64_t blocks, int64_t most) {
    for (; most > 1; most--)
        if (blocks % most == 0) return most;
    return 1;
}

/* The outputs of TILES tiles from ``first`` on. */
static void VARIANT(tiles_forward)(const float *x, const float *weights, const float *bias, float *y,
                                   float *values, const float *zeros, int64_t first,
                                   const Convolved *n, const VARIANT(Tiling) * tiles) {
    const int64_t channels = n->channels / n->groups, kernels = n->kernels / n->groups;
    const int64_t blocks = VARIANT(at_once)(kernels / LANES, FORWARD_BLOCKS);
    const int64_t stride = TILES * n->channels + LANES, row = blocks * LANES;
    const int64_t out_stride = TILES * row + LANES, count = least(TILES, tiles->count - first);
    float *out = values + PLACES * stride;
    for (int64_t t = 0; t < count; t++)
        VARIANT(transform_inputs)(values + t * LANES, stride, TILES, x, zeros, first + t, n, tiles);
    for (int64_t kernel = 0; kernel < n->kernels; kernel += row) {
        const float *of_group = values + kernel / kernels * channels * TILES;
        for (int64_t place = 0; place < PLACES; place++)
            VARIANT(tile_products)(out + place * out_stride, of_group + place * stride,
                                   weights + (place * n->kernels + kernel) * channels, channels,
                                   blocks);
        for (int64_t t = 0; t < count; t++)
            if (tiles->side == 4)
                VARIANT(gather_outputs)(y, out + t * row, out_stride, bias, kernel, blocks,
                                        first + t, n, tiles, 4);
            else
                VARIANT(gather_outputs)(y, out + t * row, out_stride, bias, kernel, blocks,
                                        first + t, n, tiles, 2);
    }
}

static float *VARIANT(room)(int64_t floats) {
    return aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);
}

/* y = x convolved with transformed weights, plus bias (may be none). 0 where memory lacks. */
int VARIANT(winograd_forward)(const float *x, const float *weights, const float *bias, float *y,
                              const Convolved *n) {
    const VARIANT(Tiling) tiles = VARIANT(tiling)(n);
    const int64_t values = PLACES * (TILES * n->channels + LANES);
    const int64_t products = PLACES * (TILES * FORWARD_BLOCKS * LANES + LANES);
    int enough = 1;
#pragma omp parallel reduction(&& : enough)
    {
        float *room = VARIANT(room)(n->channels + values + products);
        enough = room != NULL;
        if (enough) memset(room, 0, (n->channels + values) * sizeof(float));
#pragma omp for schedule(static)
        for (int64_t first = 0; first < tiles.count; first += TILES)
            if (enough)
                VARIANT(tiles_forward)(x, weights, bias, y, room + n->channels, room, first, n, &tiles);
        free(room);
    }
    return enough;
}

/* sums: (36 places, blocks of kernels, channels of a group, LANES) of the weights' gradient before
 * its last transform. All tiles are transformed, SHARED_TILES at a time, by all threads; then each
 * thread multiplies at some places for some kernels. */
int VARIANT(winograd_weights)(const float *x, const float *gradient, float *sums,
                              const Convolved *n) {
    const VARIANT(Tiling) tiles = VARIANT(tiling)(n);
    const int64_t channels = n->channels / n->groups, kernels = n->kernels / n->groups;
    const int64_t blocks = VARIANT(at_once)(kernels / LANES, WEIGHT_BLOCKS);
    const int64_t stride = SHARED_TILES * n->channels + LANES;
    const int64_t out_stride = SHARED_TILES * n->kernels + LANES;
    const int64_t chunks = n->kernels / (blocks * LANES);
    const int64_t widest = n->channels > n->kernels ? n->channels : n->kernels;
    float *zeros = VARIANT(room)(widest + PLACES * (stride + out_stride));
    if (!zeros) return 0;
    float *values = zeros + widest, *spread = values + PLACES * stride;
    memset(zeros, 0, widest * sizeof(float));
#pragma omp parallel
    for (int64_t first = 0; first < tiles.count; first += SHARED_TILES) {
        const int64_t count = least(SHARED_TILES, tiles.count - first);
#pragma omp for schedule(static)
        for (int64_t t = 0; t < count; t++) {
            float *to = spread + t * LANES;
            VARIANT(transform_inputs)(values + t * LANES, stride, SHARED_TILES, x, zeros, first + t,
                                      n, &tiles);
            if (tiles.side == 4)
                VARIANT(spread_outputs)(to, out_stride, SHARED_TILES, gradient, zeros, first + t, n,
                                        &tiles, 4);
            else
                VARIANT(spread_outputs)(to, out_stride, SHARED_TILES, gradient, zeros, first + t, n,
                                        &tiles, 2);
        }
#pragma omp for schedule(static)
        for (int64_t task = 0; task < PLACES * chunks; task++) {
            const int64_t place = task / chunks, kernel = task % chunks * blocks * LANES;
            VARIANT(channel_products)(
                sums + (place * n->kernels + kernel) * channels,
                values + place * stride + kernel / kernels * channels * SHARED_TILES,
                spread + place * out_stride + kernel * SHARED_TILES, channels, blocks, count,
                first > 0);
        }
    }
    free(zeros);
    return 1;
}
