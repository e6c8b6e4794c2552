#include "conjugateGradients.h"

#include <algorithm>

namespace pclab {
namespace {

/** The lanes of a tile, at most: two of the widest vectors. */
constexpr int kMostLanes = 32;
using Lanes = double[kMostLanes];

void squareOf(const float* rows, int count, int lanes, Lanes& sums) {
  std::fill(sums, sums + lanes, 0.0);
  for (int i = 0; i < count; i++, rows += lanes) {
    for (int lane = 0; lane < lanes; lane++) sums[lane] += static_cast<double>(rows[lane]) * rows[lane];
  }
}

}  // namespace

ConjugateGradients::ConjugateGradients(const Shape& shape, int vectorLanes, int batchSize, int lanes)
    : outputs_(shape.sizes.back()),
      preconditioner_(shape, vectorLanes, batchSize),
      h_(layerBuffers(shape, shape.layers(), lanes)),
      jacobian_(layerBuffers(shape, shape.layers() - 1, lanes)),
      moved_(layerBuffers(shape, shape.layers(), lanes)),
      direction_(static_cast<std::size_t>(outputs_) * lanes),
      preconditioned_(static_cast<std::size_t>(outputs_) * lanes),
      length_(lanes),
      isOpen_(lanes),
      slope_(lanes),
      limit_(lanes) {}

void ConjugateGradients::solve(const Passes& passes, const Crew& crew, double tolerance, Buffer& b,
                               std::vector<Buffer>& result) {
  const auto forTiles = [&](auto body) {
    if (crew.rank == 0) std::for_each(crew.tiles, crew.tiles + crew.tileCount, body);
    crew.sync();
  };
  forBlocks(crew, passes, 1, passes.last() - 1, [&](const Tile& tile, int l, int block) {
    const Layer& layer = passes.layer(l);
    float* rows = at(result[l], tile, layer.units, block * kBlock);
    std::fill(rows, rows + static_cast<std::ptrdiff_t>(layer.rowsOf(block)) * tile.lanes, 0.0f);
  });
  forTiles([&](const Tile& tile) { begin(tile, b, tolerance); });
  // Exact arithmetic ends within N_L steps; rounding may ask for more, and a tolerance below it is never met.
  for (int step = 0; step < 2 * outputs_ + 10 && anyMarked(crew, isOpen_); step++) {
    applyTransposedJacobians(passes, crew, {direction_, passes.space.slope, h_, jacobian_});
    applyJacobians(passes, crew, {jacobian_, true, moved_});
    forTiles([&](const Tile& tile) { chooseLength(passes, tile, b); });
    forBlocks(crew, passes, 1, passes.last() - 1, [&](const Tile& tile, int l, int block) {
      const Layer& layer = passes.layer(l);
      const int unit = block * kBlock;
      float* sum = at(result[l], tile, layer.units, unit);
      passes.kernels.moveErrors({{layer.rowsOf(block), tile.lanes},
                                 sum,
                                 at(jacobian_[l], tile, layer.units, unit),
                                 at(length_, tile, 1),
                                 sum});
    });
    crew.sync();
  }
}

void ConjugateGradients::begin(const Tile& tile, Buffer& b, double tolerance) {
  const float* residual = at(b, tile, outputs_);
  Lanes square;
  squareOf(residual, outputs_, tile.lanes, square);
  for (int lane = 0; lane < tile.lanes; lane++) {
    const int place = tile.firstLane + lane;
    limit_[place] = tolerance * tolerance * square[lane];
    isOpen_[place] = lane < tile.samples && square[lane] > limit_[place];
    slope_[place] = 0;
  }
  turn(tile, residual);
}

/** The step along `direction_` of the samples that still search, and what it leaves of their residual. */
void ConjugateGradients::chooseLength(const Passes& passes, const Tile& tile, Buffer& b) {
  const Layer& output = passes.layer(passes.last());
  const float* direction = at(direction_, tile, outputs_);
  float* product = at(moved_.back(), tile, outputs_);
  float* residual = at(b, tile, outputs_);
  float* length = at(length_, tile, 1);
  Lanes curvature{};
  for (int i = 0; i < outputs_; i++) {
    for (int lane = 0; lane < tile.lanes; lane++) {
      const int k = i * tile.lanes + lane;
      product[k] += output.variance[i] * direction[k];
      curvature[lane] += static_cast<double>(direction[k]) * product[k];
    }
  }
  for (int lane = 0; lane < tile.lanes; lane++) {
    const int place = tile.firstLane + lane;
    length[lane] = isOpen_[place] ? static_cast<float>(slope_[place] / curvature[lane]) : 0.0f;
  }
  for (int i = 0; i < outputs_; i++) {
    for (int lane = 0; lane < tile.lanes; lane++) {
      const int k = i * tile.lanes + lane;
      if (length[lane] != 0.0f) residual[k] -= length[lane] * product[k];
    }
  }
  Lanes square;
  squareOf(residual, outputs_, tile.lanes, square);
  for (int lane = 0; lane < tile.lanes; lane++) {
    const int place = tile.firstLane + lane;
    isOpen_[place] = isOpen_[place] && square[lane] > limit_[place];
  }
  turn(tile, residual);
}

/** direction <- M^-1 residual + (the share of the last direction that keeps them conjugate). */
void ConjugateGradients::turn(const Tile& tile, const float* residual) {
  double* preconditioned = preconditioned_.data() + static_cast<std::size_t>(tile.firstLane) * outputs_;
  std::copy(residual, residual + outputs_ * tile.lanes, preconditioned);
  preconditioner_.apply(preconditioned, tile.lanes);
  Lanes slope{};
  for (int i = 0; i < outputs_; i++) {
    for (int lane = 0; lane < tile.lanes; lane++) {
      slope[lane] += residual[i * tile.lanes + lane] * preconditioned[i * tile.lanes + lane];
    }
  }
  Lanes share;
  for (int lane = 0; lane < tile.lanes; lane++) {
    double& last = slope_[tile.firstLane + lane];
    share[lane] = isOpen_[tile.firstLane + lane] && last != 0 ? slope[lane] / last : 0;
    last = slope[lane];
  }
  float* direction = at(direction_, tile, outputs_);
  for (int i = 0; i < outputs_; i++) {
    for (int lane = 0; lane < tile.lanes; lane++) {
      const int k = i * tile.lanes + lane;
      direction[k] = static_cast<float>(preconditioned[k] + (share[lane] == 0 ? 0 : share[lane] * direction[k]));
    }
  }
}

}  // namespace pclab
