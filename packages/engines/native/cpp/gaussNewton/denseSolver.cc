#include "denseSolver.h"

#include <algorithm>

namespace pclab {

DenseSolver::DenseSolver(const Shape& shape, int lanes)
    : outputs_(shape.sizes.back()),
      h_(layerBuffers(shape, shape.layers(), lanes)),
      unitVector_(static_cast<std::size_t>(outputs_) * lanes),
      covariance_(1) {
  for (int j = 0; j < outputs_; j++) rows_.push_back(layerBuffers(shape, shape.layers() - 1, lanes));
  for (int l = 1; l < shape.layers(); l++) {
    covariance_.emplace_back(static_cast<std::size_t>(triangleIndex(outputs_, 0)) * lanes);
  }
}

void DenseSolver::solve(const Passes& passes, const Crew& crew, Buffer& b, std::vector<Buffer>& result) {
  for (int j = 0; j < outputs_; j++) {
    if (crew.rank == 0) {
      for (int i = 0; i < crew.tileCount; i++) {
        const Tile& tile = crew.tiles[i];
        float* v = at(unitVector_, tile, outputs_);
        std::fill(v, v + outputs_ * tile.lanes, 0.0f);
        std::fill(v + j * tile.lanes, v + (j + 1) * tile.lanes, 1.0f);
      }
    }
    crew.sync();
    applyTransposedJacobians(passes, crew, {unitVector_, passes.space.slope, h_, rows_[j]});
  }
  const int hidden = passes.last() - 1;
  const Share layers(hidden * crew.tileCount, crew.rank, crew.size);
  for (int i = layers.begin; i < layers.end; i++) sumCovariance(passes, crew.tiles[i / hidden], 1 + i % hidden);
  crew.sync();
  for (int i = 0; i < crew.tileCount; i++) {
    const Share samples(crew.tiles[i].samples, crew.rank, crew.size);
    for (int sample = samples.begin; sample < samples.end; sample++) solveSample(passes, crew.tiles[i], b, sample);
  }
  crew.sync();
  forBlocks(crew, passes, 1, hidden, [&](const Tile& tile, int l, int block) {
    const Layer& layer = passes.layer(l);
    const int unit = block * kBlock;
    const Rows size = {layer.rowsOf(block), tile.lanes};
    float* sum = at(result[l], tile, layer.units, unit);
    std::fill(sum, sum + size.rows * size.lanes, 0.0f);
    for (int j = 0; j < outputs_; j++) {
      const float* row = at(rows_[j][l], tile, layer.units, unit);
      passes.kernels.moveErrors({size, sum, row, at(b, tile, outputs_, j), sum});
    }
  });
  crew.sync();
}

/** J_l Sigma_l J_l^T of a tile, its lower triangle. */
void DenseSolver::sumCovariance(const Passes& passes, const Tile& tile, int l) {
  const Layer& layer = passes.layer(l);
  const int pairs = triangleIndex(outputs_, 0);
  std::vector<const float*> rows;
  for (int row = 0; row < outputs_; row++) {
    rows.push_back(at(rows_[row][l], tile, layer.units));
    float* sums = at(covariance_[l], tile, pairs, triangleIndex(row, 0));
    passes.kernels.innerProducts({{layer.units, tile.lanes}, layer.variance.data(), rows.back(), rows.data(), row + 1, sums});
  }
}

/** b <- S^-1 b. */
void DenseSolver::solveSample(const Passes& passes, const Tile& tile, Buffer& b, int sample) {
  const int top = passes.last();
  const int pairs = triangleIndex(outputs_, 0);
  CholeskyFactor S(outputs_);
  std::vector<double> solution;
  for (int row = 0; row < outputs_; row++) {
    for (int column = 0; column <= row; column++) {
      double sum = row == column ? passes.layer(top).variance[row] : 0.0f;
      for (int l = 1; l < top; l++) sum += at(covariance_[l], tile, pairs, triangleIndex(row, column))[sample];
      S.at(row, column) = sum;
    }
    solution.push_back(at(b, tile, outputs_, row)[sample]);
  }
  S.factorise();
  S.solve(solution.data(), 1);
  for (int row = 0; row < outputs_; row++) at(b, tile, outputs_, row)[sample] = static_cast<float>(solution[row]);
}

}  // namespace pclab
