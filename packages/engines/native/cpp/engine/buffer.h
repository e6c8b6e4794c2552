/** Zeroed floats at a cache line's boundary. All buffers of the process are counted, so that a test can show a leak. */
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace pclab {

inline std::atomic<long long>& allocatedBytes() {
  static std::atomic<long long> bytes{0};
  return bytes;
}

class Buffer {
 public:
  Buffer() = default;
  /** Throws std::bad_alloc. */
  explicit Buffer(std::size_t floats) { allocate(floats); }
  ~Buffer() { release(); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  float* data() { return data_; }
  const float* data() const { return data_; }
  std::size_t size() const { return floats_; }
  float& operator[](std::size_t i) { return data_[i]; }
  float operator[](std::size_t i) const { return data_[i]; }

 private:
  /** The kernels prefetch and load whole vectors a little past the end. */
  static constexpr std::size_t kSlackBytes = 256;
  static constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

  void allocate(std::size_t floats) {
    if (floats == 0) return;
    const bool isHuge = floats * sizeof(float) >= kHugePageBytes;
    const std::size_t alignment = isHuge ? kHugePageBytes : 64;
    bytes_ = (floats * sizeof(float) + kSlackBytes + alignment - 1) / alignment * alignment;
    data_ = static_cast<float*>(std::aligned_alloc(alignment, bytes_));
    if (data_ == nullptr) throw std::bad_alloc();
#if defined(__linux__)
    // A transposed product walks through a large matrix in steps of many pages.
    if (isHuge) madvise(data_, bytes_, MADV_HUGEPAGE);
#endif
    std::memset(data_, 0, bytes_);
    floats_ = floats;
    allocatedBytes() += static_cast<long long>(bytes_);
  }

  void release() {
    allocatedBytes() -= static_cast<long long>(bytes_);
    std::free(data_);
  }

  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(floats_, other.floats_);
    std::swap(bytes_, other.bytes_);
  }

  float* data_ = nullptr;
  std::size_t floats_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace pclab
