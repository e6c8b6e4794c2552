#include "gaussNewton.h"

#include <cmath>

namespace pclab {
namespace {

/** A step that was halved this often moves nothing worth another try. */
constexpr int kMostHalvings = 20;
/** At the equilibrium Q stands still but for rounding: such a rise, relative to Q, is none. */
constexpr double kRounding = 1e-5;

int pairIndex(int row, int column) { return row * (row + 1) / 2 + column; }

/** Element `unit` of one sample of an [N_L][lane] buffer. */
float& element(Buffer& buffer, const Tile& tile, int units, int unit, int sample) {
  return at(buffer, tile, units, unit)[sample];
}

double dot(Buffer& left, Buffer& right, const Tile& tile, int units, int sample) {
  double sum = 0;
  for (int i = 0; i < units; i++) {
    sum += static_cast<double>(element(left, tile, units, i, sample)) * element(right, tile, units, i, sample);
  }
  return sum;
}

}  // namespace

GaussNewtonSpace::GaussNewtonSpace(const Shape& shape, int lanes, bool isDense)
    : isOpen(lanes), before(lanes), limit(lanes), square(lanes) {
  const int layers = shape.layers();
  const int outputs = shape.sizes[layers];
  const auto room = [&](int units) { return Buffer(static_cast<std::size_t>(units) * lanes); };
  const auto perHiddenLayer = [&] {
    std::vector<Buffer> buffers(1);
    for (int l = 1; l < layers; l++) buffers.push_back(room(shape.sizes[l]));
    return buffers;
  };
  jacobian = perHiddenLayer();
  start = perHiddenLayer();
  step = perHiddenLayer();
  h = perHiddenLayer();
  h.push_back(room(outputs));
  moved = perHiddenLayer();
  moved.push_back(room(outputs));
  for (Buffer* vector : {&b, &lambda, &residual, &direction}) *vector = room(outputs);
  t = room(1);
  if (!isDense) return;
  for (int j = 0; j < outputs; j++) rows.push_back(perHiddenLayer());
  covariance.emplace_back();
  for (int l = 1; l < layers; l++) covariance.push_back(room(pairIndex(outputs, 0)));
}

void GaussNewton::begin(const Crew& crew) const {
  passes_.clearHiddenErrors(crew);
  passes_.outputErrors(crew);
}

void GaussNewton::iterate(const Crew& crew) const {
  rightHandSide(crew);
  if (inference_.solver == Solver::dense) solveDense(crew);
  else solveByConjugateGradients(crew);
  transposedSweep(crew, space_.lambda, space_.jacobian);
  forBlocks(crew, passes_, 1, passes_.last() - 1, [&](const Tile& tile, int l, int block) {
    const Layer& layer = passes_.layer(l);
    const int unit = block * kBlock;
    const Rows size = {layer.rowsOf(block), tile.lanes};
    const float* eps = at(passes_.space.eps[l], tile, layer.units, unit);
    std::copy(eps, eps + size.rows * size.lanes, at(space_.start[l], tile, layer.units, unit));
    passes_.kernels.errorStep(size, at(space_.jacobian[l], tile, layer.units, unit), layer.variance.data() + unit,
                              eps, at(space_.step[l], tile, layer.units, unit));
  });
  crew.sync();
  backtrack(crew);
}

/** J_l^T v of every hidden layer; v is [N_L][lane]. */
void GaussNewton::transposedSweep(const Crew& crew, Buffer& v, std::vector<Buffer>& into) const {
  const int top = passes_.last();
  const Layer& output = passes_.layer(top);
  forBlocks(crew, passes_, top, top, [&](const Tile& tile, int, int block) {
    const int unit = block * kBlock;
    passes_.kernels.backward({output.rowsOf(block), tile.lanes}, at(v, tile, output.units, unit),
                             at(passes_.space.slope[top], tile, output.units, unit),
                             at(space_.h[top], tile, output.units, unit));
  });
  crew.sync();
  for (int l = top - 1; l >= 1; l--) {
    const Layer& layer = passes_.layer(l);
    const Layer& above = passes_.layer(l + 1);
    forBlocks(crew, passes_, l, l, [&](const Tile& tile, int, int block) {
      const int unit = block * kBlock;
      const Rows size = {layer.rowsOf(block), tile.lanes};
      float* product = passes_.space.scratch[crew.thread].product.data();
      passes_.kernels.multiplyTransposed(above.weights.values.data() + static_cast<std::size_t>(unit) * kBlock,
                                         above.inputs, above.units, at(space_.h[l + 1], tile, above.units), size,
                                         product);
      passes_.kernels.jacobian({size, product, at(passes_.space.slope[l], tile, layer.units, unit),
                                passes_.shape.amb, at(into[l], tile, layer.units, unit),
                                at(space_.h[l], tile, layer.units, unit)});
    });
    crew.sync();
  }
}

/** sum_{l<L} J_l u_l, with u_l the errors, or Sigma_l times them. */
Buffer& GaussNewton::forwardSweep(const Crew& crew, std::vector<Buffer>& errors, bool scalesByVariance) const {
  const int top = passes_.last();
  for (int l = 1; l <= top; l++) {
    const Layer& layer = passes_.layer(l);
    forBlocks(crew, passes_, l, l, [&](const Tile& tile, int, int block) {
      const int unit = block * kBlock;
      TangentRows rows{};
      rows.size = {layer.rowsOf(block), tile.lanes};
      if (l > 1) {
        float* product = passes_.space.scratch[crew.thread].product.data();
        passes_.kernels.multiply(layer.block(block), layer.inputs, at(space_.moved[l - 1], tile, layer.inputs),
                                 rows.size, product);
        rows.product = product;
      }
      rows.slope = at(passes_.space.slope[l], tile, layer.units, unit);
      rows.amb = passes_.shape.amb;
      rows.isOutput = l == top;
      if (l < top) rows.error = at(errors[l], tile, layer.units, unit);
      if (scalesByVariance) rows.variance = layer.variance.data() + unit;
      rows.moved = at(space_.moved[l], tile, layer.units, unit);
      passes_.kernels.tangent(rows);
    });
    crew.sync();
  }
  return space_.moved[top];
}

void GaussNewton::rightHandSide(const Crew& crew) const {
  Buffer& moved = forwardSweep(crew, passes_.space.eps, false);
  const int top = passes_.last();
  const int outputs = passes_.shape.sizes[top];
  if (crew.rank == 0) {
    for (int i = 0; i < crew.tileCount; i++) {
      const Tile& tile = crew.tiles[i];
      const float* r = at(passes_.space.eps[top], tile, outputs);
      const float* sum = at(moved, tile, outputs);
      float* b = at(space_.b, tile, outputs);
      for (int k = 0; k < outputs * tile.lanes; k++) b[k] = r[k] + sum[k];
    }
  }
  crew.sync();
}

/** S by the rows of the J_l, one transposed sweep each, and its Cholesky factor, sample by sample. */
void GaussNewton::solveDense(const Crew& crew) const {
  const int outputs = passes_.shape.sizes[passes_.last()];
  for (int j = 0; j < outputs; j++) {
    if (crew.rank == 0) {
      for (int i = 0; i < crew.tileCount; i++) {
        const Tile& tile = crew.tiles[i];
        float* v = at(space_.direction, tile, outputs);
        std::fill(v, v + outputs * tile.lanes, 0.0f);
        std::fill(v + j * tile.lanes, v + (j + 1) * tile.lanes, 1.0f);
      }
    }
    crew.sync();
    transposedSweep(crew, space_.direction, space_.rows[j]);
  }
  const int hidden = passes_.last() - 1;
  const Share layers(hidden * crew.tileCount, crew.rank, crew.size);
  for (int i = layers.begin; i < layers.end; i++) addCovariance(crew.tiles[i / hidden], 1 + i % hidden);
  crew.sync();
  for (int i = 0; i < crew.tileCount; i++) {
    const Share samples(crew.tiles[i].samples, crew.rank, crew.size);
    for (int sample = samples.begin; sample < samples.end; sample++) solveSample(crew.tiles[i], sample);
  }
  crew.sync();
}

/** J_l Sigma_l J_l^T of a tile, its lower triangle. */
void GaussNewton::addCovariance(const Tile& tile, int l) const {
  const int outputs = passes_.shape.sizes[passes_.last()];
  const Layer& layer = passes_.layer(l);
  const int pairs = pairIndex(outputs, 0);
  for (int row = 0; row < outputs; row++) {
    for (int column = 0; column <= row; column++) {
      float* sum = at(space_.covariance[l], tile, pairs, pairIndex(row, column));
      std::fill(sum, sum + tile.lanes, 0.0f);
      const float* left = at(space_.rows[row][l], tile, layer.units);
      const float* right = at(space_.rows[column][l], tile, layer.units);
      for (int unit = 0; unit < layer.units; unit++) {
        const float variance = layer.variance[unit];
        for (int lane = 0; lane < tile.lanes; lane++) sum[lane] += variance * left[lane] * right[lane];
        left += tile.lanes;
        right += tile.lanes;
      }
    }
  }
}

void GaussNewton::solveSample(const Tile& tile, int sample) const {
  const int top = passes_.last();
  const int outputs = passes_.shape.sizes[top];
  const int pairs = pairIndex(outputs, 0);
  std::vector<double> factor(pairs);
  std::vector<double> solution(outputs);
  for (int row = 0; row < outputs; row++) {
    for (int column = 0; column <= row; column++) {
      double sum = row == column ? passes_.layer(top).variance[row] : 0.0f;
      for (int l = 1; l < top; l++) sum += at(space_.covariance[l], tile, pairs, pairIndex(row, column))[sample];
      for (int k = 0; k < column; k++) sum -= factor[pairIndex(row, k)] * factor[pairIndex(column, k)];
      factor[pairIndex(row, column)] = row == column ? std::sqrt(sum) : sum / factor[pairIndex(column, column)];
    }
  }
  for (int row = 0; row < outputs; row++) {
    double sum = element(space_.b, tile, outputs, row, sample);
    for (int k = 0; k < row; k++) sum -= factor[pairIndex(row, k)] * solution[k];
    solution[row] = sum / factor[pairIndex(row, row)];
  }
  for (int row = outputs - 1; row >= 0; row--) {
    double sum = solution[row];
    for (int k = row + 1; k < outputs; k++) sum -= factor[pairIndex(k, row)] * solution[k];
    solution[row] = sum / factor[pairIndex(row, row)];
    element(space_.lambda, tile, outputs, row, sample) = static_cast<float>(solution[row]);
  }
}

/** One backward and one forward sweep a step; each sample stops by its own solver residual. */
void GaussNewton::solveByConjugateGradients(const Crew& crew) const {
  const int top = passes_.last();
  const int outputs = passes_.shape.sizes[top];
  const auto forOwnSamples = [&](auto body) {
    if (crew.rank != 0) return;
    for (int i = 0; i < crew.tileCount; i++) {
      const Tile& tile = crew.tiles[i];
      for (int sample = 0; sample < tile.samples; sample++) body(tile, sample, tile.firstLane + sample);
    }
  };
  forOwnSamples([&](const Tile& tile, int sample, int lane) {
    for (int i = 0; i < outputs; i++) {
      const float b = element(space_.b, tile, outputs, i, sample);
      element(space_.lambda, tile, outputs, i, sample) = 0.0f;
      element(space_.residual, tile, outputs, i, sample) = b;
      element(space_.direction, tile, outputs, i, sample) = b;
    }
    space_.square[lane] = dot(space_.residual, space_.residual, tile, outputs, sample);
    space_.limit[lane] = inference_.solverTolerance * inference_.solverTolerance * space_.square[lane];
    space_.isOpen[lane] = space_.square[lane] > space_.limit[lane];
  });
  crew.sync();
  // Exact arithmetic ends within N_L steps; rounding may ask for more, and a tolerance below it is never met.
  for (int step = 0; step < 2 * outputs + 10 && anyOpen(crew); step++) {
    transposedSweep(crew, space_.direction, space_.jacobian);
    Buffer& moved = forwardSweep(crew, space_.jacobian, true);
    forOwnSamples([&](const Tile& tile, int sample, int lane) {
      if (!space_.isOpen[lane]) return;
      double curvature = 0;
      for (int i = 0; i < outputs; i++) {
        const float p = element(space_.direction, tile, outputs, i, sample);
        float& product = element(moved, tile, outputs, i, sample);
        product += passes_.layer(top).variance[i] * p;
        curvature += static_cast<double>(p) * product;
      }
      const float length = static_cast<float>(space_.square[lane] / curvature);
      for (int i = 0; i < outputs; i++) {
        element(space_.lambda, tile, outputs, i, sample) += length * element(space_.direction, tile, outputs, i, sample);
        element(space_.residual, tile, outputs, i, sample) -= length * element(moved, tile, outputs, i, sample);
      }
      const double square = dot(space_.residual, space_.residual, tile, outputs, sample);
      const float share = static_cast<float>(square / space_.square[lane]);
      for (int i = 0; i < outputs; i++) {
        float& p = element(space_.direction, tile, outputs, i, sample);
        p = element(space_.residual, tile, outputs, i, sample) + share * p;
      }
      space_.square[lane] = square;
      space_.isOpen[lane] = square > space_.limit[lane];
    });
    crew.sync();
  }
}

bool GaussNewton::anyOpen(const Crew& crew) const {
  bool isAny = false;
  for (int i = 0; i < crew.tileCount; i++) {
    const Tile& tile = crew.tiles[i];
    for (int sample = 0; sample < tile.samples; sample++) isAny |= space_.isOpen[tile.firstLane + sample] != 0;
  }
  // Nobody may write the answer anew before all have read it.
  crew.sync();
  return isAny;
}

double GaussNewton::energyOf(const Tile& tile, int sample) const {
  double energy = 0;
  for (int l = 1; l <= passes_.last(); l++) {
    const int blocks = passes_.layer(l).blocks();
    for (int block = 0; block < blocks; block++) energy += at(passes_.space.energy[l], tile, blocks, block)[sample];
  }
  return energy;
}

/** eps <- start + t step, t = 1 at first and halved for each sample whose Q would rise, or would not be finite. */
void GaussNewton::backtrack(const Crew& crew) const {
  if (crew.rank == 0) {
    for (int i = 0; i < crew.tileCount; i++) {
      const Tile& tile = crew.tiles[i];
      float* t = at(space_.t, tile, 1);
      std::fill(t, t + tile.lanes, 1.0f);
      for (int sample = 0; sample < tile.samples; sample++) {
        space_.before[tile.firstLane + sample] = energyOf(tile, sample);
        space_.isOpen[tile.firstLane + sample] = 1;
      }
    }
  }
  crew.sync();
  for (int halvings = 0; halvings <= kMostHalvings + 1 && anyOpen(crew); halvings++) {
    forBlocks(crew, passes_, 1, passes_.last() - 1, [&](const Tile& tile, int l, int block) {
      const Layer& layer = passes_.layer(l);
      const int unit = block * kBlock;
      passes_.kernels.moveErrors({{layer.rowsOf(block), tile.lanes},
                                  at(space_.start[l], tile, layer.units, unit),
                                  at(space_.step[l], tile, layer.units, unit),
                                  at(space_.t, tile, 1),
                                  at(passes_.space.eps[l], tile, layer.units, unit)});
    });
    crew.sync();
    passes_.rollForward(crew);
    if (crew.rank == 0) {
      for (int i = 0; i < crew.tileCount; i++) closeSettled(crew.tiles[i], halvings == kMostHalvings);
    }
    crew.sync();
  }
}

/** Closes the samples whose Q has not risen and shortens the step of the others; to nothing after the last try. */
void GaussNewton::closeSettled(const Tile& tile, bool isLastTry) const {
  float* t = at(space_.t, tile, 1);
  for (int sample = 0; sample < tile.samples; sample++) {
    char& isOpen = space_.isOpen[tile.firstLane + sample];
    if (!isOpen) continue;
    const double most = space_.before[tile.firstLane + sample] * (1 + kRounding);
    isOpen = t[sample] != 0.0f && !(energyOf(tile, sample) <= most);
    if (isOpen) t[sample] = isLastTry ? 0.0f : t[sample] / 2;
  }
}

}  // namespace pclab
