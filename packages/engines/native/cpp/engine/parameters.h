/** The parameters of one layer, with what the optimiser keeps of them. */
#pragma once
#include <vector>

#include "buffer.h"
#include "settings.h"

namespace pclab {

/** A tensor with as many moments as the optimiser has; the others are empty. */
struct Parameter {
  Buffer values;
  Buffer first;
  Buffer second;

  Parameter() = default;
  Parameter(std::size_t floats, Optimiser optimiser)
      : values(floats),
        first(optimiser == Optimiser::sgd ? 0 : floats),
        second(optimiser == Optimiser::adam || optimiser == Optimiser::adamw ? floats : 0) {}

  Buffer* tensor(int which) { return which == 0 ? &values : which == 1 ? &first : &second; }
};

struct Layer {
  int inputs;
  int units;
  /** Packed, [N_l / 16][N_{l-1}][16]; units past N_l are zero and stay zero. */
  Parameter weights;
  /** [N_l] each; bias is empty without one. */
  Parameter bias;
  Parameter logVariance;
  /** Sigma_l and 1 / Sigma_l. */
  Buffer variance;
  Buffer precision;

  Layer(int inputs, int units, bool hasBias, Optimiser optimiser)
      : inputs(inputs),
        units(units),
        weights(static_cast<std::size_t>(blocksOf(units)) * inputs * kBlock, optimiser),
        bias(hasBias ? units : 0, optimiser),
        logVariance(units, optimiser),
        variance(units),
        precision(units) {
    refreshVariance();
  }

  int blocks() const { return blocksOf(units); }
  int rowsOf(int block) const { return units - block * kBlock < kBlock ? units - block * kBlock : kBlock; }
  const float* block(int b) const { return weights.values.data() + static_cast<std::size_t>(b) * inputs * kBlock; }
  const float* biasAt(int unit) const { return bias.values.size() == 0 ? nullptr : bias.values.data() + unit; }
  /** To be called whenever ln Sigma has changed. */
  void refreshVariance();
};

/** Between the packed form and row-major [N_l x N_{l-1}]. */
void packWeights(const float* rowMajor, int units, int inputs, float* packed);
void unpackWeights(const float* packed, int units, int inputs, float* rowMajor);

}  // namespace pclab
