#include "kernels.h"

#define PCLAB_NAMESPACE portable
#define PCLAB_NAME "portable"
#define PCLAB_VECTOR_BYTES 16
#define PCLAB_TILE_ROWS 6
#include "kernels.inl"
