#include "preconditioner.h"

#include <algorithm>

namespace pclab {
namespace {

/** More samples save no step. */
constexpr int kMostSamples = 3;
/** Their products among each other grow with the square. */
constexpr int kMostColumns = 64;

int lanesOf(const std::vector<Tile>& tiles) { return tiles.back().firstLane + tiles.back().lanes; }

/** So many that their sweep costs no more than the minibatch's own. */
int samplesWorth(int outputs, int lanes, int samples) {
  return std::min({kMostSamples, samples, std::min(lanes, kMostColumns) / outputs});
}

}  // namespace

Preconditioner::Preconditioner(const Shape& shape, int vectorLanes, int batchSize)
    : outputs_(shape.sizes.back()),
      mostSamples_(samplesWorth(outputs_, lanesOf(tilesOf(batchSize, vectorLanes)), batchSize)),
      factor_(outputs_) {
  if (mostSamples_ == 0) return;
  const int columns = mostSamples_ * outputs_;
  const int lanes = lanesOf(tilesOf(columns, vectorLanes));
  const int top = shape.layers();
  unitVectors_ = Buffer(static_cast<std::size_t>(outputs_) * lanes);
  slope_ = layerBuffers(shape, top, lanes);
  h_ = layerBuffers(shape, top, lanes);
  jacobian_ = layerBuffers(shape, top - 1, lanes);
  scaled_.emplace_back();
  products_.emplace_back();
  for (int l = 1; l < top; l++) {
    scaled_.emplace_back(static_cast<std::size_t>(blocksOf(columns)) * shape.sizes[l] * kBlock);
    products_.emplace_back(static_cast<std::size_t>(blocksOf(columns)) * kBlock * lanes);
  }
}

void Preconditioner::prepare(const Passes& passes, const Crew& everyone) {
  const Tile& lastTile = everyone.tiles[everyone.tileCount - 1];
  if (everyone.rank == 0) {
    const int samples = lastTile.firstLane + lastTile.samples;
    samples_ = std::min(mostSamples_, samplesWorth(outputs_, lastTile.firstLane + lastTile.lanes, samples));
    if (samples_ > 0) tiles_ = tilesOf(samples_ * outputs_, passes.kernels.vectorLanes);
  }
  everyone.sync();
  if (samples_ == 0) return;
  const Crew crew = {tiles_.data(), static_cast<int>(tiles_.size()), everyone.rank, everyone.size, everyone.thread,
                     everyone.team};
  spreadSlopes(passes, crew, everyone.tiles[0].lanes);
  applyTransposedJacobians(passes, crew, {unitVectors_, slope_, h_, jacobian_});
  const Share layers(passes.last() - 1, crew.rank, crew.size);
  for (int i = layers.begin; i < layers.end; i++) sumLayer(passes, 1 + i);
  crew.sync();
  if (crew.rank == 0) factorise(passes);
  crew.sync();
}

/** Each column has the slopes of its sample, and the unit vector of its row. */
void Preconditioner::spreadSlopes(const Passes& passes, const Crew& crew, int sampleStride) {
  const Share layers(passes.last(), crew.rank, crew.size);
  for (const Tile& tile : tiles_) {
    std::vector<int> sample;
    for (int i = 0; i < tile.lanes; i++) sample.push_back(std::min((tile.firstLane + i) / outputs_, samples_ - 1));
    for (int l = 1 + layers.begin; l < 1 + layers.end; l++) {
      const int units = passes.layer(l).units;
      const float* from = passes.space.slope[l].data();
      float* to = at(slope_[l], tile, units);
      for (int unit = 0; unit < units; unit++, from += sampleStride, to += tile.lanes) {
        for (int i = 0; i < tile.lanes; i++) to[i] = from[sample[i]];
      }
    }
    if (crew.rank != 0) continue;
    float* v = at(unitVectors_, tile, outputs_);
    for (int row = 0; row < outputs_; row++, v += tile.lanes) {
      for (int i = 0; i < tile.lanes; i++) v[i] = (tile.firstLane + i) % outputs_ == row ? 1.0f : 0.0f;
    }
  }
  crew.sync();
}

/** Every column of a layer by every other, though a sample's own alone are wanted: the product is that fast. */
void Preconditioner::sumLayer(const Passes& passes, int l) {
  const Layer& layer = passes.layer(l);
  const int columns = samples_ * outputs_;
  for (const Tile& tile : tiles_) {
    const float* from = at(jacobian_[l], tile, layer.units);
    for (int i = 0; i < tile.samples; i++) {
      const int column = tile.firstLane + i;
      float* to = scaled_[l].data() + static_cast<std::size_t>(column / kBlock) * layer.units * kBlock + column % kBlock;
      for (int unit = 0; unit < layer.units; unit++) to[unit * kBlock] = layer.variance[unit] * from[unit * tile.lanes + i];
    }
  }
  for (int block = 0; block < blocksOf(columns); block++) {
    const float* weights = scaled_[l].data() + static_cast<std::size_t>(block) * layer.units * kBlock;
    for (const Tile& tile : tiles_) {
      const Rows size = {std::min(kBlock, columns - block * kBlock), tile.lanes};
      passes.kernels.multiply(weights, layer.units, at(jacobian_[l], tile, layer.units), size,
                              at(products_[l], tile, blocksOf(columns) * kBlock, block * kBlock));
    }
  }
}

void Preconditioner::factorise(const Passes& passes) {
  const int top = passes.last();
  const int rows = blocksOf(samples_ * outputs_) * kBlock;
  for (int row = 0; row < outputs_; row++) {
    for (int column = 0; column <= row; column++) {
      factor_.at(row, column) = row == column ? passes.layer(top).variance[row] : 0.0f;
    }
  }
  for (const Tile& tile : tiles_) {
    for (int i = 0; i < tile.samples; i++) {
      const int column = (tile.firstLane + i) % outputs_;
      const int first = tile.firstLane + i - column;
      for (int row = column; row < outputs_; row++) {
        double sum = 0;
        for (int l = 1; l < top; l++) sum += at(products_[l], tile, rows, first + row)[i];
        factor_.at(row, column) += sum / samples_;
      }
    }
  }
  factor_.factorise();
}

}  // namespace pclab
