/** What an inference phase measured, as src/report.ts reads it. */
#pragma once
#include "../engine/engine.h"

namespace pclab {

/** Residual sum and max, steps taken; Q and E per layer. */
std::size_t measuresLength(const Engine& engine);
void writeMeasures(const InferenceMeasures& measures, double* to);

}  // namespace pclab
