#include "parameters.h"

#include <cmath>

namespace pclab {

void Layer::refreshVariance() {
  for (int i = 0; i < units; i++) {
    const double s = logVariance.values[i];
    variance[i] = static_cast<float>(std::exp(s));
    precision[i] = static_cast<float>(std::exp(-s));
  }
}

namespace {

std::size_t packedIndex(int unit, int input, int inputs) {
  return (static_cast<std::size_t>(unit / kBlock) * inputs + input) * kBlock + unit % kBlock;
}

}  // namespace

void packWeights(const float* rowMajor, int units, int inputs, float* packed) {
  for (int unit = 0; unit < units; unit++) {
    const float* row = rowMajor + static_cast<std::size_t>(unit) * inputs;
    for (int input = 0; input < inputs; input++) packed[packedIndex(unit, input, inputs)] = row[input];
  }
}

void unpackWeights(const float* packed, int units, int inputs, float* rowMajor) {
  for (int unit = 0; unit < units; unit++) {
    float* row = rowMajor + static_cast<std::size_t>(unit) * inputs;
    for (int input = 0; input < inputs; input++) row[input] = packed[packedIndex(unit, input, inputs)];
  }
}

}  // namespace pclab
