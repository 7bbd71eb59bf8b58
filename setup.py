"""Builds the C kernels where there is a compiler; without one the package does without them."""

from setuptools import Extension, setup

SOURCES = "src/alexnet/kernels/c"

setup(
    ext_modules=[
        Extension(
            "alexnet.kernels._native",
            [f"{SOURCES}/{name}.c" for name in ("portable", "avx2", "avx512")],
            depends=[f"{SOURCES}/{name}.h" for name in ("kernels", "winograd")],
            # -fopenmp when compiling only: the loops run on the threads of torch's own OpenMP,
            # which is in the process already. Linking another would bring a second set of threads.
            extra_compile_args=["-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp"],
            py_limited_api=True,
            optional=True,
        ),
        # A library of its own, since preparation's processes work without torch and its threads.
        Extension(
            "alexnet.kernels._pictures",
            [f"{SOURCES}/pictures.c"],
            depends=[
                f"{SOURCES}/{name}.h"
                for name in ("weights", "scaling", "scaling_avx512", "summing", "moments_avx512")
            ],
            # A fused multiply-add would round weights otherwise than Pillow does.
            extra_compile_args=["-O3", "-ffp-contract=off"],
            py_limited_api=True,
            optional=True,
        ),
    ]
)
