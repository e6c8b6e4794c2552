#include "kernels.h"
#include "target.h"

#if defined(__x86_64__)
#define PCLAB_NAMESPACE avx512
#define PCLAB_NAME "avx512"
#define PCLAB_VECTOR_BYTES 64
// Eight rows by two vectors are sixteen sums: enough to hide the latency of two units, and 32 registers hold them.
#define PCLAB_TILE_ROWS 8
PCLAB_TARGET("avx512f,avx512dq,avx512bw,avx512vl,fma,bmi2,prefer-vector-width=512")
#include "kernels.inl"
PCLAB_TARGET_END
#endif
