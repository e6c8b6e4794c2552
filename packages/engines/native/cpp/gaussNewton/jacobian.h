/**
 * Products with J_l = d yhat / d x_l along the present path, one sweep through the layers for all of them: packages/core,
 * reference/jacobian.ts. Vectors of outputs are [N_L][lane] per tile, those of a layer [N_l][lane].
 */
#pragma once
#include <vector>

#include "../engine/passes.h"

namespace pclab {

/** J_l^T v of every hidden layer. */
struct TransposedSweep {
  Buffer& v;
  /** Layers 1..L: those of the workspace, or of samples set side by side otherwise. */
  std::vector<Buffer>& slope;
  /** Room for layers 1..L. */
  std::vector<Buffer>& h;
  /** The answer, layers 1..L-1. */
  std::vector<Buffer>& jacobian;
};

void applyTransposedJacobians(const Passes&, const Crew&, const TransposedSweep&);

/** sum_{l<L} J_l u_l, with u_l the errors given, or Sigma_l times them. */
struct ForwardSweep {
  std::vector<Buffer>& errors;
  bool scalesByVariance;
  /** Room for layers 1..L; the answer is the last. */
  std::vector<Buffer>& moved;
};

void applyJacobians(const Passes&, const Crew&, const ForwardSweep&);

/** A buffer for each layer from 1 to `last`, [N_l][lane]; the place of layer 0 is empty. */
std::vector<Buffer> layerBuffers(const Shape&, int last, int lanes);

}  // namespace pclab
