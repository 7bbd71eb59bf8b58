/* The kernels for processors with AVX-512 (F, BW, DQ, VL). */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
#define VECTOR 512
#define VARIANT(name) name##_avx512
#include "kernels.h"
#include "winograd.h"
#endif
