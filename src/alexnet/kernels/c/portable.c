/* The kernels for any processor. */
#define VARIANT(name) name##_portable
#include "kernels.h"

/* Pixels in blocks: x (pictures, rows, columns, channels) as (pictures, down, across, stride,
 * stride, channels), with zeros around. Elements have ``bytes`` bytes, whatever they mean. */
void blocks_of_pixels(const char *x, char *blocks, int64_t pictures, int64_t rows, int64_t columns,
                      int64_t channels, int64_t stride, int64_t padding, int64_t down,
                      int64_t across, int64_t bytes) {
    const int64_t pixel = channels * bytes, run = stride * pixel;
#pragma omp parallel for schedule(static)
    for (int64_t line = 0; line < pictures * down; line++)
        for (int64_t block = 0; block < across; block++)
            for (int64_t i = 0; i < stride; i++) {
                char *to = blocks + ((line * across + block) * stride + i) * run;
                const int64_t row = line % down * stride + i - padding;
                const int64_t left = block * stride - padding;
                const int64_t from = left < 0 ? 0 : left, end = least(left + stride, columns);
                const int inside = row >= 0 && row < rows && from < end;
                if (!inside || end - from < stride) memset(to, 0, run);
                if (inside)
                    memcpy(to + (from - left) * pixel,
                           x + ((line / down * rows + row) * columns + from) * pixel,
                           (end - from) * pixel);
            }
}
