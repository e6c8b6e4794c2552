/**
 * The passes that a minibatch is made of, each over the tiles of a crew. A pass ends when the whole crew has ended it.
 * The equations are those of docs/EQUATIONS.md; what happens to a block of sixteen units is in kernels/.
 */
#pragma once
#include <algorithm>
#include <vector>

#include "crew.h"
#include "parameters.h"
#include "workspace.h"

namespace pclab {

struct Passes {
  const Shape& shape;
  const Kernels& kernels;
  const std::vector<Layer>& layers;
  Workspace& space;

  /** Layer l, 1..L. */
  const Layer& layer(int l) const { return layers[l - 1]; }
  int last() const { return shape.layers(); }

  /** x_0 and x_L from the examples indexOf[first..]; lanes without a sample are zero. */
  void clamp(const Crew&, const Examples&, const std::uint32_t* indices) const;

  /** x_l = mu_l up the net, yhat in `prediction`; with `keepsSlopes` g' too (mba). Leaves mu_1 and g'(a_1). */
  void forward(const Crew&, bool keepsSlopes) const;
  /** mu_1 and g'(a_1) under the present weights. */
  void predictFirst(const Crew&) const;

  /** eps_l and h_l of every layer at the present activities, and with `withEnergy` the sums of pi eps^2. */
  void errors(const Crew&, bool withEnergy) const;
  /** `steps` activity steps under the present weights. */
  void settle(const Crew&, const Inference&, int steps) const;
  /** One activity step from the errors that `errors` left. */
  void stepAll(const Crew&, const Inference&) const;
  /** The sums of (dE/dx)^2 at the errors that `errors` left. */
  void residuals(const Crew&) const;

  /** Gauss-Newton: x_l = mu_l + eps_l up the net from the present errors, with h, the energies and the slopes. */
  void rollForward(const Crew&) const;
  /** eps_L, h_L and their energy from `prediction`. */
  void outputErrors(const Crew&) const;
  /** eps, h and their energies of the hidden layers are zero, as after a forward pass. */
  void clearHiddenErrors(const Crew&) const;

  /** h_l = -dLoss/da_l after a forward pass that kept its slopes. */
  void backpropagate(const Crew&) const;

 private:
  void forwardLayer(const Crew&, int l, bool keepsSlopes, bool isRoll) const;
  void errorBlock(const Crew&, const Tile&, int l, int block, float* eps, float* h, bool withEnergy) const;
  void firstErrorBlock(const Tile&, int block, bool withEnergy) const;
  void stepBlock(const Crew&, const Tile&, int l, int block, const Inference&, const float* eps,
                 const float* h, bool onlyMeasures) const;
};

/** Where a tile's units begin in a buffer of [unit][lane] tiles. */
inline float* at(Buffer& buffer, const Tile& tile, int units, int unit = 0) {
  return buffer.data() + static_cast<std::size_t>(tile.firstLane) * units +
         static_cast<std::size_t>(unit) * tile.lanes;
}

/** Calls body(tile, layer, block) for this rank's share of all blocks of layers first..last of the crew's tiles. */
template <typename Body>
void forBlocks(const Crew& crew, const Passes& passes, int first, int last, Body body) {
  int blocks = 0;
  for (int l = first; l <= last; l++) blocks += passes.layer(l).blocks();
  const Share share(blocks * crew.tileCount, crew.rank, crew.size);
  int item = 0;
  for (int t = 0; t < crew.tileCount; t++) {
    for (int l = first; l <= last; l++) {
      const int count = passes.layer(l).blocks();
      const int from = std::max(share.begin - item, 0);
      const int to = std::min(share.end - item, count);
      for (int b = from; b < to; b++) body(crew.tiles[t], l, b);
      item += count;
    }
  }
}

/** Zeroes a block's partial sums of a tile and returns them. */
inline float* partialSums(Buffer& buffer, const Tile& tile, int blocks, int block) {
  float* sums = at(buffer, tile, blocks, block);
  std::fill(sums, sums + tile.lanes, 0.0f);
  return sums;
}

}  // namespace pclab
