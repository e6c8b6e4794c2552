/** One weight update: gradients of the whole minibatch, summed in one order, and what the optimiser makes of them. */
#pragma once
#include <atomic>
#include <vector>

#include "passes.h"

namespace pclab {

/** Which parameters an update left NaN or infinite, per layer. */
struct Finiteness {
  std::vector<std::atomic<bool>> weights;
  std::vector<std::atomic<bool>> bias;
  std::vector<std::atomic<bool>> logVariance;
  explicit Finiteness(int layers) : weights(layers), bias(layers), logVariance(layers) {}
};

struct Update {
  const Settings& settings;
  const std::vector<Tile>& tiles;
  int samples;
  /** Updates done before this one. */
  std::int64_t done;
  /** From PC errors: the variances learn too, where the settings say so. */
  bool fromErrors;
};

/** Row-major gradients, +dE/dtheta summed over the samples, and of the bias and ln Sigma. */
struct Gradients {
  std::vector<Buffer> weights;
  std::vector<Buffer> bias;
  std::vector<Buffer> logVariance;
};

/** This thread's part of an update. No thread may read a parameter until all have ended. */
void updateParameters(const Passes&, std::vector<Layer>&, const Update&, int thread, int threads, Finiteness&);

/** This thread's part of the gradients, packed ones into `packed`; nothing is updated. */
void sumGradients(const Passes&, std::vector<Layer>&, const Update&, int thread, int threads,
                  std::vector<Buffer>& packed, Gradients&);

/** The factor on every rate at update `done`: linear warm-up, then half a cosine (packages/core, schedule.ts). */
double scheduleFactor(const Settings&, std::int64_t done);

}  // namespace pclab
