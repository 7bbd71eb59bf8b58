/* The kernels for any processor. */
#define VARIANT(name) name##_portable
#include "kernels.h"
