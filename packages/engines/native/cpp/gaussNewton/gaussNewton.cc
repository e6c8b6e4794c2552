#include "gaussNewton.h"

#include <algorithm>

namespace pclab {
namespace {

/** A step that was halved this often moves nothing worth another try. */
constexpr int kMostHalvings = 20;
/** At the equilibrium Q stands still but for rounding: such a rise, relative to Q, is none. */
constexpr double kRounding = 1e-5;

double twiceEnergyOf(const Passes& passes, const Tile& tile, int sample) {
  double energy = 0;
  for (int l = 1; l <= passes.last(); l++) {
    const int blocks = passes.layer(l).blocks();
    for (int block = 0; block < blocks; block++) energy += at(passes.space.energy[l], tile, blocks, block)[sample];
  }
  return energy;
}

}  // namespace

GaussNewton::GaussNewton(const Shape& shape, int vectorLanes, int batchSize, int lanes, bool usesDense,
                         bool usesGradients)
    : start_(layerBuffers(shape, shape.layers() - 1, lanes)),
      step_(layerBuffers(shape, shape.layers() - 1, lanes)),
      moved_(layerBuffers(shape, shape.layers(), lanes)),
      b_(static_cast<std::size_t>(shape.sizes.back()) * lanes),
      t_(lanes),
      isOpen_(lanes),
      before_(lanes) {
  if (usesDense) dense_.emplace(shape, lanes);
  if (usesGradients) gradients_.emplace(shape, vectorLanes, batchSize, lanes);
}

void GaussNewton::begin(const Passes& passes, const Crew& crew) const {
  passes.clearHiddenErrors(crew);
  passes.outputErrors(crew);
}

void GaussNewton::prepare(const Passes& passes, const Crew& everyone, Solver solver) {
  if (solver == Solver::conjugateGradient) gradients_->prepare(passes, everyone);
}

void GaussNewton::iterate(const Passes& passes, const Crew& crew, const Inference& inference, bool isFirst) {
  rightHandSide(passes, crew, isFirst);
  if (inference.solver == Solver::dense) dense_->solve(passes, crew, b_, step_);
  else gradients_->solve(passes, crew, inference.solverTolerance, b_, step_);
  forBlocks(crew, passes, 1, passes.last() - 1, [&](const Tile& tile, int l, int block) {
    const Layer& layer = passes.layer(l);
    const int unit = block * kBlock;
    const Rows size = {layer.rowsOf(block), tile.lanes};
    const float* eps = at(passes.space.eps[l], tile, layer.units, unit);
    float* step = at(step_[l], tile, layer.units, unit);
    std::copy(eps, eps + size.rows * size.lanes, at(start_[l], tile, layer.units, unit));
    passes.kernels.errorStep(size, step, layer.variance.data() + unit, eps, step);
  });
  crew.sync();
  backtrack(passes, crew);
}

/** r + sum_{l<L} J_l eps_l; before the first iteration the hidden errors are zero. */
void GaussNewton::rightHandSide(const Passes& passes, const Crew& crew, bool isFirst) {
  if (!isFirst) applyJacobians(passes, crew, {passes.space.eps, false, moved_});
  const int top = passes.last();
  const int outputs = passes.shape.sizes[top];
  if (crew.rank == 0) {
    for (int i = 0; i < crew.tileCount; i++) {
      const Tile& tile = crew.tiles[i];
      const float* r = at(passes.space.eps[top], tile, outputs);
      const float* sum = at(moved_[top], tile, outputs);
      float* b = at(b_, tile, outputs);
      for (int k = 0; k < outputs * tile.lanes; k++) b[k] = isFirst ? r[k] : r[k] + sum[k];
    }
  }
  crew.sync();
}

/** eps <- start + t step, t = 1 at first and halved for each sample whose Q would rise, or would not be finite. */
void GaussNewton::backtrack(const Passes& passes, const Crew& crew) {
  if (crew.rank == 0) {
    for (int i = 0; i < crew.tileCount; i++) {
      const Tile& tile = crew.tiles[i];
      float* t = at(t_, tile, 1);
      std::fill(t, t + tile.lanes, 1.0f);
      for (int sample = 0; sample < tile.samples; sample++) {
        before_[tile.firstLane + sample] = twiceEnergyOf(passes, tile, sample);
        isOpen_[tile.firstLane + sample] = 1;
      }
    }
  }
  crew.sync();
  for (int halvings = 0; halvings <= kMostHalvings + 1 && anyMarked(crew, isOpen_); halvings++) {
    forBlocks(crew, passes, 1, passes.last() - 1, [&](const Tile& tile, int l, int block) {
      const Layer& layer = passes.layer(l);
      const int unit = block * kBlock;
      passes.kernels.moveErrors({{layer.rowsOf(block), tile.lanes},
                                 at(start_[l], tile, layer.units, unit),
                                 at(step_[l], tile, layer.units, unit),
                                 at(t_, tile, 1),
                                 at(passes.space.eps[l], tile, layer.units, unit)});
    });
    crew.sync();
    passes.rollForward(crew);
    if (crew.rank == 0) {
      for (int i = 0; i < crew.tileCount; i++) closeSettled(passes, crew.tiles[i], halvings == kMostHalvings);
    }
    crew.sync();
  }
}

/** Closes the samples whose Q has not risen and shortens the step of the others; to nothing after the last try. */
void GaussNewton::closeSettled(const Passes& passes, const Tile& tile, bool isLastTry) {
  float* t = at(t_, tile, 1);
  for (int sample = 0; sample < tile.samples; sample++) {
    char& isOpen = isOpen_[tile.firstLane + sample];
    if (!isOpen) continue;
    const double most = before_[tile.firstLane + sample] * (1 + kRounding);
    isOpen = t[sample] != 0.0f && !(twiceEnergyOf(passes, tile, sample) <= most);
    if (isOpen) t[sample] = isLastTry ? 0.0f : t[sample] / 2;
  }
}

}  // namespace pclab
