#include "team.h"

#include "flushDenormals.h"

namespace pclab {
namespace {

/** About fifty microseconds: longer than the gap between two minibatches, shorter than a scheduler's turn. */
constexpr int kPatience = 4000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void waitWhile(std::atomic<int>& flag, int value, int patience) {
  for (int i = 0; i < patience; i++) {
    if (flag.load(std::memory_order_acquire) != value) return;
    pause();
  }
  flag.wait(value, std::memory_order_acquire);
}

}  // namespace

Team::~Team() { stop(); }

void Team::stop() {
  if (threads_.empty()) return;
  stopping_ = true;
  job_.fetch_add(1, std::memory_order_release);
  job_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  stopping_ = false;
}

void Team::resize(int size) {
  if (size == size_) return;
  stop();
  size_ = size;
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  patience_ = size <= processors ? kPatience : 0;
  const int job = job_.load();
  for (int rank = 1; rank < size; rank++) {
    threads_.emplace_back([this, rank, job] {
      const FlushDenormals flush;
      for (int seen = job;;) {
        waitWhile(job_, seen, patience_);
        seen = job_.load(std::memory_order_acquire);
        if (stopping_) return;
        serve(rank);
      }
    });
  }
}

void Team::serve(int rank) {
  (*work_)(rank);
  sync();
}

void Team::run(const std::function<void(int)>& work) {
  const FlushDenormals flush;
  if (size_ == 1) {
    work(0);
    return;
  }
  work_ = &work;
  job_.fetch_add(1, std::memory_order_release);
  job_.notify_all();
  serve(0);
}

void Team::sync() {
  if (size_ == 1) return;
  const int round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    return;
  }
  waitWhile(round_, round, patience_);
}

}  // namespace pclab
