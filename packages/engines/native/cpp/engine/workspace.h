/** The activities of one minibatch, shared by the replicas of an engine: they outlive no minibatch. */
#pragma once
#include <vector>

#include "buffer.h"
#include "settings.h"

namespace pclab {

/** What a thread needs for itself. */
struct Scratch {
  /** One block of rows of one tile. */
  Buffer product;
  /** eps and h of two layers of one tile: within a step only neighbours are needed. */
  Buffer eps[2];
  Buffer h[2];
  /** h of one patch's units, sample by sample. */
  Buffer transposed;
};

struct Workspace {
  int lanes;
  /** x_l for l = 0..L (x_L: the target), [unit][lane] per tile. */
  std::vector<Buffer> x;
  /** phi(x_l) of hidden layers; empty where phi is the identity (mba). */
  std::vector<Buffer> phi;
  /** amb: phi'(x_l). mba: g'(a_l), for BP and Gauss-Newton. */
  std::vector<Buffer> slope;
  std::vector<Buffer> eps;
  std::vector<Buffer> h;
  /** mu_1 and g'(a_1), which stand still between weight updates. */
  Buffer firstMu;
  Buffer firstSlope;
  /** yhat of the forward pass. */
  Buffer prediction;
  /** Partial sums per block of sixteen units and lane, for layers 1..L: of pi eps^2, and of (dE/dx)^2. */
  std::vector<Buffer> energy;
  std::vector<Buffer> residual;
  std::vector<Scratch> scratch;

  Workspace(const Shape& shape, const Kernels& kernels, int batchSize);

  /** At least so many ranks' scratch. Not while a job runs. */
  void provide(int ranks);

  /** phi(x_l): what layer l + 1 multiplies. */
  Buffer& input(int l) { return phi[l].size() > 0 ? phi[l] : x[l]; }

 private:
  const Shape shape_;
  const Kernels& kernels_;
};

/** Tiles of two vectors, and one vector for what is left over. Depends on the number of samples alone. */
std::vector<Tile> tilesOf(int samples, int vectorLanes);

}  // namespace pclab
