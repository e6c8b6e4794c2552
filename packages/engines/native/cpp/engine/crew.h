/** How the tiles of a minibatch fall to the threads. */
#pragma once
#include <algorithm>
#include <functional>
#include <vector>

#include "../threads/team.h"
#include "settings.h"

namespace pclab {

/**
 * The threads that work on some tiles: one thread that has a tile to itself and never waits, or all threads on tiles too
 * few to go round, which then split each pass over the units and meet after it. Both do the same arithmetic.
 */
struct Crew {
  const Tile* tiles;
  int tileCount;
  /** Among the crew. */
  int rank;
  int size;
  /** Among all threads: whose scratch to use. */
  int thread;
  Team* team;

  bool isAlone() const { return size == 1; }
  void sync() const {
    if (size > 1) team->sync();
  }
};

/** Whether a sample of the crew's tiles is marked; every rank has seen the answer before any goes on to change it. */
inline bool anyMarked(const Crew& crew, const std::vector<char>& marks) {
  const bool isAny = std::any_of(crew.tiles, crew.tiles + crew.tileCount, [&](const Tile& tile) {
    const auto first = marks.begin() + tile.firstLane;
    return std::find(first, first + tile.samples, 1) != first + tile.samples;
  });
  crew.sync();
  return isAny;
}

/** Runs `work` on this thread's part of the tiles, in whole rounds of one tile a thread, then all threads on the rest. */
template <typename Work>
void forCrews(const std::vector<Tile>& tiles, int thread, Team& team, Work work) {
  const int count = static_cast<int>(tiles.size());
  const int threads = team.size();
  const int rounds = count / threads;
  for (int round = 0; round < rounds; round++) {
    work(Crew{&tiles[round * threads + thread], 1, 0, 1, thread, &team});
  }
  const int rest = count - rounds * threads;
  if (rest > 0) work(Crew{&tiles[rounds * threads], rest, thread, threads, thread, &team});
}

/** All threads on all tiles, pass by pass: for phases that decide something about the whole minibatch at every step. */
inline Crew everyone(const std::vector<Tile>& tiles, int thread, Team& team) {
  return {tiles.data(), static_cast<int>(tiles.size()), thread, team.size(), thread, &team};
}

}  // namespace pclab
