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

/* A training view: out = (picture - mean + shift) / divisor of a window of ``crop`` pixels in RGB,
 * written from right to left if mirrored. Lines of picture and mean are so many elements apart;
 * ``numbers`` are three shifts and three divisors. */
void cut_view(const uint8_t *picture, int64_t line, const float *mean, int64_t mean_line,
              const float *numbers, float *out, int64_t crop, int64_t mirrored) {
    const float *shift = numbers, *divisor = numbers + 3;
    const int64_t count = 3 * crop;
    const int divided = divisor[0] != 1 || divisor[1] != 1 || divisor[2] != 1;
    float shifts[3 * 64], values[3 * 64]; /* as many pixels at a time, which the compiler vectorises */
    for (int64_t i = 0; i < 3 * 64; i++) shifts[i] = shift[i % 3];
    for (int64_t y = 0; y < crop; y++)
        for (int64_t first = 0; first < count; first += 3 * 64) {
            const int64_t some = least(3 * 64, count - first);
            const uint8_t *restrict from = picture + y * line + first;
            const float *restrict less = mean + y * mean_line + first;
            float *restrict to = out + y * count + first;
            float *restrict row = mirrored ? values : to;
            for (int64_t i = 0; i < some; i++) row[i] = (float)from[i] - less[i] + shifts[i];
            if (divided)
                for (int64_t i = 0; i < some; i++) row[i] /= divisor[i % 3];
            if (mirrored)
                for (int64_t i = 0; i < some; i += 3)
                    memcpy(out + y * count + (count - 3 - first - i), values + i, 3 * sizeof(float));
        }
}
