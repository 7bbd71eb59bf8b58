/* The kernels for processors with AVX2 and FMA. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx2,fma,f16c")
#define VECTOR 256
#define VARIANT(name) name##_avx2
#include "kernels.h"
#include "winograd.h"
#endif
