/** Which builds of the kernels this processor runs. */
#include "kernels.h"

namespace pclab {

#if defined(__x86_64__)
namespace avx512 { extern const Kernels kernels; }
namespace avx2 { extern const Kernels kernels; }
#elif defined(__aarch64__)
namespace neon { extern const Kernels kernels; }
#endif
namespace portable { extern const Kernels kernels; }

namespace {

struct Available {
  const Kernels* list[3];
  int count = 0;

  Available() {
#if defined(__x86_64__)
    // The compiler's run-time check asks the operating system too, which must save the wide registers.
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
      list[count++] = &avx512::kernels;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      list[count++] = &avx2::kernels;
    }
#elif defined(__aarch64__)
    list[count++] = &neon::kernels;
#endif
    list[count++] = &portable::kernels;
  }
};

}  // namespace

const Kernels* const* availableKernels(int* count) {
  static const Available available;
  *count = available.count;
  return available.list;
}

}  // namespace pclab
