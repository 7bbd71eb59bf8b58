/* Arithmetic on pictures of bytes: what preparation does to each photo. Without threads, since
 * preparation has a process for each core. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define X86
#include <immintrin.h>
#endif

enum { LINES = 4, PART = 16384 }; /* lines scaled, and pixels summed in 32 bits, at a time */
static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

#include "weights.h"

#define VARIANT(name) name##_portable
#include "summing.h"
#undef VARIANT

#ifdef X86
#pragma GCC push_options
#pragma GCC target("avx2,bmi2")
#define VARIANT(name) name##_avx2
#include "scaling.h"
#include "summing.h"
#undef VARIANT
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,bmi2")
#define VARIANT(name) name##_avx512
#define VBMI
#include "scaling.h"
#include "summing.h"
#pragma GCC pop_options
#endif

/* The best of these for this processor: 0 portable, 1 avx2, 2 avx512. */
int picture_instructions(void) {
#ifdef X86
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512vnni"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return 1;
#endif
    return 0;
}
