#include "kernels.h"
#include "target.h"

#if defined(__x86_64__)
#define PCLAB_NAMESPACE avx2
#define PCLAB_NAME "avx2"
#define PCLAB_VECTOR_BYTES 32
// Six rows by two vectors are twelve sums: with two operands and one factor they fill the 16 registers.
#define PCLAB_TILE_ROWS 6
PCLAB_TARGET("avx2,fma,bmi2")
#include "kernels.inl"
PCLAB_TARGET_END
#endif
