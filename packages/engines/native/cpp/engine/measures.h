/** What a minibatch says about itself: sums in one fixed order, samples only. */
#pragma once
#include <vector>

#include "passes.h"

namespace pclab {

struct Prediction {
  double lossSum = 0;
  int correct = 0;
  int condition1Count = 0;
};

/** Compares yhat (`prediction`) with y (x_L) after a forward pass. */
Prediction measurePrediction(const Passes&, const std::vector<Tile>&, double condition1Delta);

/** Q_l per layer, summed over the samples, from the partial sums of an errors pass. */
std::vector<double> quadraticEnergyPerLayer(const Passes&, const std::vector<Tile>&);

/** Q of each sample. */
std::vector<double> quadraticEnergyPerSample(const Passes&, const std::vector<Tile>&);

/** E_l = Q_l + 1/2 sum_i (s_i + ln 2 pi), summed over the samples. */
std::vector<double> energyPerLayer(const Passes&, const std::vector<double>& quadratic, int samples);

struct Residual {
  double sum = 0;
  double max = 0;
};

/** |dE/dx| over the hidden activities of each sample, from the partial sums of a residuals pass. */
Residual measureResidual(const Passes&, const std::vector<Tile>&);

}  // namespace pclab
