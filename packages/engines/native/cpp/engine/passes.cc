#include "passes.h"

#include <algorithm>

namespace pclab {

void Passes::clamp(const Crew& crew, const Examples& examples, const std::uint32_t* indices) const {
  const int inputs = shape.sizes[0];
  const int outputs = shape.sizes[last()];
  const float scale = static_cast<float>(examples.scale);
  const float offset = static_cast<float>(examples.offset);
  for (int t = 0; t < crew.tileCount; t++) {
    const Tile& tile = crew.tiles[t];
    const Share share(inputs, crew.rank, crew.size);
    const auto gather = [&](const auto* raw) {
      // A few rows at a time, so that the lines written by one sample are still at hand for the next.
      constexpr int kRows = 64;
      for (int from = share.begin; from < share.end; from += kRows) {
        const int to = std::min(from + kRows, share.end);
        float* row = at(space.x[0], tile, inputs, from);
        for (int lane = 0; lane < tile.lanes; lane++) {
          const bool isThere = lane < tile.samples;
          const auto* values =
              isThere ? raw + static_cast<std::size_t>(indices[tile.firstLane + lane]) * inputs : raw;
          for (int i = from; i < to; i++) {
            row[static_cast<std::size_t>(i - from) * tile.lanes + lane] =
                isThere ? static_cast<float>(values[i]) * scale + offset : 0.0f;
          }
        }
      }
    };
    switch (examples.kind) {
      case Examples::Kind::bytes: gather(static_cast<const std::uint8_t*>(examples.inputs)); break;
      case Examples::Kind::floats: gather(static_cast<const float*>(examples.inputs)); break;
      case Examples::Kind::doubles: gather(static_cast<const double*>(examples.inputs)); break;
    }
    if (crew.rank != 0) continue;
    float* y = at(space.x[last()], tile, outputs);
    for (int lane = 0; lane < tile.lanes; lane++) {
      for (int i = 0; i < outputs; i++) {
        y[static_cast<std::size_t>(i) * tile.lanes + lane] =
            lane < tile.samples
                ? static_cast<float>(
                      examples.targets[static_cast<std::size_t>(indices[tile.firstLane + lane]) * outputs + i])
                : 0.0f;
      }
    }
  }
  crew.sync();
}

void Passes::predictFirst(const Crew& crew) const {
  const Layer& first = layer(1);
  forBlocks(crew, *this, 1, 1, [&](const Tile& tile, int, int b) {
    const Rows size = {first.rowsOf(b), tile.lanes};
    float* product = space.scratch[crew.thread].product.data();
    const int unit = b * kBlock;
    kernels.multiply(first.block(b), first.inputs, at(space.x[0], tile, first.inputs), size, product);
    PredictionRows rows{};
    rows.size = size;
    rows.g = shape.outer(1);
    rows.product = product;
    rows.bias = first.biasAt(unit);
    rows.x = at(space.firstMu, tile, first.units, unit);
    rows.slope = at(space.firstSlope, tile, first.units, unit);
    kernels.predict(rows);
  });
  crew.sync();
}

void Passes::forward(const Crew& crew, bool keepsSlopes) const {
  predictFirst(crew);
  for (int l = 1; l <= last(); l++) forwardLayer(crew, l, keepsSlopes, false);
}

void Passes::rollForward(const Crew& crew) const {
  for (int l = 1; l <= last(); l++) forwardLayer(crew, l, true, true);
  outputErrors(crew);
}

void Passes::outputErrors(const Crew& crew) const {
  const int top = last();
  const Layer& output = layer(top);
  forBlocks(crew, *this, top, top, [&](const Tile& tile, int, int b) {
    const int unit = b * kBlock;
    kernels.storedErrors({{output.rowsOf(b), tile.lanes},
                          at(space.prediction, tile, output.units, unit),
                          at(space.slope[top], tile, output.units, unit),
                          output.precision.data() + unit,
                          at(space.x[top], tile, output.units, unit),
                          at(space.eps[top], tile, output.units, unit),
                          at(space.h[top], tile, output.units, unit),
                          partialSums(space.energy[top], tile, output.blocks(), b)});
  });
  crew.sync();
}

void Passes::clearHiddenErrors(const Crew& crew) const {
  forBlocks(crew, *this, 1, last() - 1, [&](const Tile& tile, int l, int b) {
    const Layer& here = layer(l);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(here.rowsOf(b)) * tile.lanes;
    for (Buffer* buffer : {&space.eps[l], &space.h[l]}) {
      float* rows = at(*buffer, tile, here.units, b * kBlock);
      std::fill(rows, rows + count, 0.0f);
    }
    partialSums(space.energy[l], tile, here.blocks(), b);
  });
  crew.sync();
}

void Passes::forwardLayer(const Crew& crew, int l, bool keepsSlopes, bool isRoll) const {
  const Layer& here = layer(l);
  const bool isOutput = l == last();
  forBlocks(crew, *this, l, l, [&](const Tile& tile, int, int b) {
    const Rows size = {here.rowsOf(b), tile.lanes};
    const int unit = b * kBlock;
    PredictionRows rows{};
    rows.size = size;
    rows.x = at(isOutput ? space.prediction : space.x[l], tile, here.units, unit);
    rows.hidden = shape.hidden;
    if (!isOutput && shape.amb) rows.phi = at(space.phi[l], tile, here.units, unit);
    if (rows.phi != nullptr || keepsSlopes) rows.slope = at(space.slope[l], tile, here.units, unit);
    float* product = space.scratch[crew.thread].product.data();
    if (isRoll && !isOutput) {
      rows.eps = at(space.eps[l], tile, here.units, unit);
      rows.precision = here.precision.data() + unit;
      rows.h = at(space.h[l], tile, here.units, unit);
      rows.energy = partialSums(space.energy[l], tile, here.blocks(), b);
    }
    if (l == 1) {
      // mu_1 is there already: only what follows from it is left to do.
      rows.g = Activation::identity;
      rows.product = at(space.firstMu, tile, here.units, unit);
      rows.storedSlope = at(space.firstSlope, tile, here.units, unit);
      kernels.predict(rows);
      return;
    }
    kernels.multiply(here.block(b), here.inputs, at(space.input(l - 1), tile, here.inputs), size, product);
    rows.g = shape.outer(l);
    rows.product = product;
    rows.bias = here.biasAt(unit);
    kernels.predict(rows);
  });
  crew.sync();
}

void Passes::errorBlock(const Crew& crew, const Tile& tile, int l, int b, float* eps, float* h,
                        bool withEnergy) const {
  const Layer& here = layer(l);
  const Rows size = {here.rowsOf(b), tile.lanes};
  const int unit = b * kBlock;
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(unit) * tile.lanes;
  float* product = space.scratch[crew.thread].product.data();
  kernels.multiply(here.block(b), here.inputs, at(space.input(l - 1), tile, here.inputs), size, product);
  float* energy = withEnergy ? partialSums(space.energy[l], tile, here.blocks(), b) : nullptr;
  kernels.errors({size, shape.outer(l), product, here.biasAt(unit), here.precision.data() + unit,
                  at(space.x[l], tile, here.units, unit), eps + row, h + row, energy});
}

void Passes::firstErrorBlock(const Tile& tile, int b, bool withEnergy) const {
  const Layer& first = layer(1);
  const int unit = b * kBlock;
  float* energy = withEnergy ? partialSums(space.energy[1], tile, first.blocks(), b) : nullptr;
  kernels.storedErrors({{first.rowsOf(b), tile.lanes},
                       at(space.firstMu, tile, first.units, unit),
                       at(space.firstSlope, tile, first.units, unit),
                       first.precision.data() + unit,
                       at(space.x[1], tile, first.units, unit),
                       at(space.eps[1], tile, first.units, unit),
                       at(space.h[1], tile, first.units, unit),
                       energy});
}

void Passes::errors(const Crew& crew, bool withEnergy) const {
  forBlocks(crew, *this, 1, last(), [&](const Tile& tile, int l, int b) {
    if (l == 1) {
      firstErrorBlock(tile, b, withEnergy);
    } else {
      const int units = layer(l).units;
      errorBlock(crew, tile, l, b, at(space.eps[l], tile, units), at(space.h[l], tile, units), withEnergy);
    }
  });
  crew.sync();
}

void Passes::stepBlock(const Crew& crew, const Tile& tile, int l, int b, const Inference& inference,
                       const float* eps, const float* h, bool onlyMeasures) const {
  const Layer& here = layer(l);
  const Layer& above = layer(l + 1);
  const int unit = b * kBlock;
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(unit) * tile.lanes;
  const Rows size = {here.rowsOf(b), tile.lanes};
  float* product = space.scratch[crew.thread].product.data();
  kernels.multiplyTransposed(above.weights.values.data() + static_cast<std::size_t>(unit) * kBlock,
                             above.inputs, above.units, h, size, product);
  StepRows rows{};
  rows.size = size;
  rows.product = product;
  if (l == 1) rows.mu = at(space.firstMu, tile, here.units, unit);
  else rows.eps = eps + row;
  rows.variance = here.variance.data() + unit;
  rows.precision = here.precision.data() + unit;
  rows.precondition = inference.precondition;
  rows.rate = inference.rate;
  rows.x = at(space.x[l], tile, here.units, unit);
  if (shape.amb) {
    rows.phi = at(space.phi[l], tile, here.units, unit);
    rows.slope = at(space.slope[l], tile, here.units, unit);
  }
  rows.hidden = shape.hidden;
  if (onlyMeasures) rows.residual = partialSums(space.residual[l], tile, here.blocks(), b);
  kernels.step(rows);
}

void Passes::settle(const Crew& crew, const Inference& inference, int steps) const {
  if (!crew.isAlone()) {
    for (int step = 0; step < steps; step++) {
      errors(crew, false);
      stepAll(crew, inference);
    }
    return;
  }
  // A thread alone goes up the layers once a step: the error above, then the activity below it. Only x is kept of a
  // layer, and its weights serve both products while they are in the cache.
  Scratch& scratch = space.scratch[crew.thread];
  for (int t = 0; t < crew.tileCount; t++) {
    const Tile& tile = crew.tiles[t];
    for (int step = 0; step < steps; step++) {
      for (int l = 1; l < last(); l++) {
        float* eps = scratch.eps[(l + 1) % 2].data();
        float* h = scratch.h[(l + 1) % 2].data();
        for (int b = 0; b < layer(l + 1).blocks(); b++) errorBlock(crew, tile, l + 1, b, eps, h, false);
        const float* below = scratch.eps[l % 2].data();
        for (int b = 0; b < layer(l).blocks(); b++) stepBlock(crew, tile, l, b, inference, below, h, false);
      }
    }
  }
}

void Passes::stepAll(const Crew& crew, const Inference& inference) const {
  forBlocks(crew, *this, 1, last() - 1, [&](const Tile& tile, int l, int b) {
    stepBlock(crew, tile, l, b, inference, at(space.eps[l], tile, layer(l).units),
              at(space.h[l + 1], tile, layer(l + 1).units), false);
  });
  crew.sync();
}

void Passes::residuals(const Crew& crew) const {
  forBlocks(crew, *this, 1, last() - 1, [&](const Tile& tile, int l, int b) {
    stepBlock(crew, tile, l, b, Inference{}, at(space.eps[l], tile, layer(l).units),
              at(space.h[l + 1], tile, layer(l + 1).units), true);
  });
  crew.sync();
}

void Passes::backpropagate(const Crew& crew) const {
  const int top = last();
  const Layer& output = layer(top);
  forBlocks(crew, *this, top, top, [&](const Tile& tile, int, int b) {
    const int unit = b * kBlock;
    // -dLoss/da_L = g'(a_L) (y - yhat): the PC error of the output at Sigma = 1.
    static constexpr float ones[kBlock] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    kernels.storedErrors({{output.rowsOf(b), tile.lanes},
                         at(space.prediction, tile, output.units, unit),
                         at(space.slope[top], tile, output.units, unit),
                         ones,
                         at(space.x[top], tile, output.units, unit),
                         at(space.eps[top], tile, output.units, unit),
                         at(space.h[top], tile, output.units, unit),
                         nullptr});
  });
  crew.sync();
  for (int l = top - 1; l >= 1; l--) {
    const Layer& above = layer(l + 1);
    forBlocks(crew, *this, l, l, [&](const Tile& tile, int, int b) {
      const Layer& here = layer(l);
      const int unit = b * kBlock;
      const Rows size = {here.rowsOf(b), tile.lanes};
      float* product = space.scratch[crew.thread].product.data();
      kernels.multiplyTransposed(above.weights.values.data() + static_cast<std::size_t>(unit) * kBlock,
                                 above.inputs, above.units, at(space.h[l + 1], tile, above.units), size,
                                 product);
      kernels.backward(size, product, at(space.slope[l], tile, here.units, unit),
                       at(space.h[l], tile, here.units, unit));
    });
    crew.sync();
  }
}

}  // namespace pclab
