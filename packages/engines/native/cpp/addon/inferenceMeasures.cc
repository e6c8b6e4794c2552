#include "inferenceMeasures.h"

namespace pclab {

std::size_t measuresLength(const Engine& engine) { return 3 + 2 * engine.shape().layers(); }

void writeMeasures(const InferenceMeasures& measures, double* to) {
  *to++ = measures.residual.sum;
  *to++ = measures.residual.max;
  *to++ = measures.stepsTaken;
  for (const double energy : measures.quadraticEnergyPerLayer) *to++ = energy;
  for (const double energy : measures.energyPerLayer) *to++ = energy;
}

}  // namespace pclab
