/** The engine: replicas of one network shape, a workspace, a team of threads. One call at a time. */
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../gaussNewton/gaussNewton.h"
#include "measures.h"
#include "update.h"

namespace pclab {

/** What a replica keeps between minibatches. */
struct Replica {
  Settings settings;
  std::vector<Layer> layers;
  std::int64_t weightUpdates = 0;
};

/** In the order of the interface's list of quantities. */
enum class Quantity : int { loss, energy, weights, bias, logVariance };

struct Divergence {
  std::int64_t weightUpdate;
  /** 0: of the whole network. */
  int layer;
  Quantity quantity;
};

struct InferenceMeasures {
  std::vector<double> quadraticEnergyPerLayer;
  std::vector<double> energyPerLayer;
  Residual residual;
  int stepsTaken = 0;
};

struct Report {
  int samples = 0;
  int weightUpdates = 0;
  Prediction prediction;
  std::optional<InferenceMeasures> inference;
  std::optional<Divergence> divergence;
};

struct Trace {
  std::vector<double> energy;
  std::vector<double> quadraticEnergy;
  InferenceMeasures end;
  /** x_l of the hidden layers, row-major [B x N_l]. */
  std::vector<Buffer> activities;
  Gradients pc;
  Gradients bp;
};

struct Batch {
  Examples examples;
  const std::uint32_t* indices;
  int count;
};

class Engine {
 public:
  /** Throws std::bad_alloc. */
  Engine(const Kernels& kernels, Shape shape, int batchSize, const std::vector<Settings>& replicas);

  void setThreads(int count);
  const Shape& shape() const { return shape_; }
  int batchSize() const { return batchSize_; }
  int replicaCount() const { return static_cast<int>(replicas_.size()); }
  Replica& replica(int index) { return replicas_[index]; }

  Report train(int replica, const Batch&);
  /** `batch.count` may exceed the batch size here. */
  Prediction evaluate(int replica, const Batch&);
  Gradients gradients(int replica, const Batch&, bool ofLoss);
  Trace trace(int replica, const Batch&, bool withWeightUpdates);

 private:
  friend class Minibatch;

  const Kernels& kernels_;
  const Shape shape_;
  const int batchSize_;
  std::vector<Replica> replicas_;
  Workspace space_;
  /** Only where a replica infers by Gauss-Newton. */
  std::unique_ptr<GaussNewton> gaussNewton_;
  Team team_;
};

}  // namespace pclab
