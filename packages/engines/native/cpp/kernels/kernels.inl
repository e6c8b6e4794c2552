/**
 * One build of the kernels: included by a file per instruction set, which has set the compiler's target and defines
 * PCLAB_NAMESPACE, PCLAB_NAME, PCLAB_VECTOR_BYTES and PCLAB_TILE_ROWS. Nothing here includes a library's header: a
 * function of the library compiled for one instruction set could be linked into code that runs on another.
 */
namespace pclab::PCLAB_NAMESPACE {
namespace {

constexpr int kTileRows = PCLAB_TILE_ROWS;

#include "vector.inl"
#include "activations.inl"
#include "products.inl"
#include "rows.inl"
#include "update.inl"
#include "peak.inl"

}  // namespace

extern const Kernels kernels;
const Kernels kernels = {
    PCLAB_NAME,  kLanes,  2 * kLanes, multiply, multiplyTransposed, errors,      storedErrors,
    predict,     step,    backward,   jacobian,      tangent,  moveErrors,  innerProducts,  errorStep,   updateWeights, multiplyAdds,
};

}  // namespace pclab::PCLAB_NAMESPACE
