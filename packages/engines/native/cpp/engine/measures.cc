#include "measures.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pclab {
namespace {

/** Calls body(sample, value, block) for the partial sums of one layer's buffer, block by block. */
template <typename Body>
void forPartialSums(Buffer& sums, const std::vector<Tile>& tiles, int blocks, Body body) {
  int firstSample = 0;
  for (const Tile& tile : tiles) {
    for (int b = 0; b < blocks; b++) {
      const float* row = at(sums, tile, blocks, b);
      for (int i = 0; i < tile.samples; i++) body(firstSample + i, row[i]);
    }
    firstSample += tile.samples;
  }
}

int samplesOf(const std::vector<Tile>& tiles) {
  int samples = 0;
  for (const Tile& tile : tiles) samples += tile.samples;
  return samples;
}

/** The first of the largest values of one lane. */
int largest(const float* values, int units, int lanes) {
  int best = 0;
  for (int i = 1; i < units; i++) {
    if (values[static_cast<std::size_t>(i) * lanes] > values[static_cast<std::size_t>(best) * lanes]) best = i;
  }
  return best;
}

}  // namespace

Prediction measurePrediction(const Passes& passes, const std::vector<Tile>& tiles, double condition1Delta) {
  Prediction result;
  const int units = passes.shape.sizes.back();
  for (const Tile& tile : tiles) {
    const float* y = at(passes.space.x[passes.last()], tile, units);
    const float* yhat = at(passes.space.prediction, tile, units);
    for (int sample = 0; sample < tile.samples; sample++) {
      double square = 0;
      for (int i = 0; i < units; i++) {
        const std::size_t at = static_cast<std::size_t>(i) * tile.lanes + sample;
        const double difference = static_cast<double>(y[at]) - yhat[at];
        square += difference * difference;
      }
      result.lossSum += 0.5 * square;
      if (largest(yhat + sample, units, tile.lanes) == largest(y + sample, units, tile.lanes)) result.correct++;
      if (std::sqrt(square) < condition1Delta) result.condition1Count++;
    }
  }
  return result;
}

std::vector<double> quadraticEnergyPerLayer(const Passes& passes, const std::vector<Tile>& tiles) {
  std::vector<double> energies;
  for (int l = 1; l <= passes.last(); l++) {
    double sum = 0;
    forPartialSums(passes.space.energy[l], tiles, passes.layer(l).blocks(),
                   [&](int, float value) { sum += value; });
    energies.push_back(0.5 * sum);
  }
  return energies;
}

std::vector<double> quadraticEnergyPerSample(const Passes& passes, const std::vector<Tile>& tiles) {
  std::vector<double> energies(samplesOf(tiles));
  for (int l = 1; l <= passes.last(); l++) {
    forPartialSums(passes.space.energy[l], tiles, passes.layer(l).blocks(),
                   [&](int sample, float value) { energies[sample] += 0.5 * value; });
  }
  return energies;
}

std::vector<double> energyPerLayer(const Passes& passes, const std::vector<double>& quadratic, int samples) {
  std::vector<double> energies;
  for (int l = 1; l <= passes.last(); l++) {
    const Layer& layer = passes.layer(l);
    double logVariances = 0;
    for (int i = 0; i < layer.units; i++) logVariances += layer.logVariance.values[i];
    const double constant = logVariances + layer.units * std::log(2 * std::numbers::pi);
    energies.push_back(quadratic[l - 1] + samples * 0.5 * constant);
  }
  return energies;
}

Residual measureResidual(const Passes& passes, const std::vector<Tile>& tiles) {
  std::vector<double> squares(samplesOf(tiles));
  for (int l = 1; l < passes.last(); l++) {
    forPartialSums(passes.space.residual[l], tiles, passes.layer(l).blocks(),
                   [&](int sample, float value) { squares[sample] += value; });
  }
  Residual result;
  for (const double square : squares) {
    const double norm = std::sqrt(square);
    result.sum += norm;
    result.max = std::max(result.max, norm);
  }
  return result;
}

}  // namespace pclab
