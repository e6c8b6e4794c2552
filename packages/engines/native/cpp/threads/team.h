/**
 * A team of threads that works through one job at a time. Rank 0 is the caller's own thread; the others sleep between
 * jobs. Ranks meet at `sync`, as often as the job wants.
 */
#pragma once
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace pclab {

class Team {
 public:
  Team() = default;
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /** Not while a job runs. */
  void resize(int size);
  int size() const { return size_; }

  /** Calls work(rank) on every rank at once and returns when all have returned. `work` must not throw. */
  void run(const std::function<void(int rank)>& work);

  /** Returns once every rank has come here; what was written before is seen after. */
  void sync();

 private:
  void serve(int rank);
  void stop();

  int size_ = 1;
  /** Checks of a flag before a thread sleeps: none where threads outnumber processors, since the one waited for needs it. */
  int patience_ = 0;
  std::vector<std::thread> threads_;
  const std::function<void(int)>* work_ = nullptr;
  std::atomic<int> job_{0};
  std::atomic<int> arrived_{0};
  std::atomic<int> round_{0};
  bool stopping_ = false;
};

/** The half-open range of `count` items that falls to a rank: as even as can be, and in order. */
struct Share {
  int begin;
  int end;
  Share(int count, int rank, int size)
      : begin(static_cast<int>(static_cast<long long>(count) * rank / size)),
        end(static_cast<int>(static_cast<long long>(count) * (rank + 1) / size)) {}
};

}  // namespace pclab
