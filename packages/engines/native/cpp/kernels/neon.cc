#include "kernels.h"

#if defined(__aarch64__)
#define PCLAB_NAMESPACE neon
#define PCLAB_NAME "neon"
#define PCLAB_VECTOR_BYTES 16
#define PCLAB_TILE_ROWS 8
#include "kernels.inl"
#endif
