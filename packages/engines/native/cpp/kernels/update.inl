/** The weight gradient and what the optimiser makes of it, in one pass over the weights. */

constexpr float kMomentum = 0.9f;
constexpr float kAdamFirst = 0.9f;
constexpr float kAdamSecond = 0.999f;
constexpr float kAdamEpsilon = 1e-8f;

/** h of the patch's units, [unit][lanes] of each tile -> [sample][vectors * kLanes]; units past the last are zero. */
inline void transposeErrors(const GradientPatch& patch, int vectors) {
  float* to = patch.transposed;
  const int width = vectors * kLanes;
  for (int t = 0; t < patch.tileCount; t++) {
    const Tile& tile = patch.tiles[t];
    const float* h = patch.h + std::ptrdiff_t{tile.firstLane} * patch.units +
                     std::ptrdiff_t{patch.firstUnit} * tile.lanes;
    for (int sample = 0; sample < tile.samples; sample += kLanes) {
      for (int v = 0; v < vectors; v++) {
        const int units = patch.units - patch.firstUnit - v * kLanes;
        Vector square[kLanes];
        for (int unit = 0; unit < kLanes; unit++) {
          square[unit] = unit < units ? load(h + (v * kLanes + unit) * tile.lanes + sample) : Vector{};
        }
        transpose(square);
        const int samples = smaller(kLanes, tile.samples - sample);
        for (int i = 0; i < samples; i++) store(to + (sample + i) * width + v * kLanes, square[i]);
      }
    }
    to += tile.samples * width;
  }
}

/** Of each vector of weights: body(offset in the packed weights, sum of h x^T, which is -dE/dtheta). */
template <typename Body>
inline void forWeights(const GradientPatch& patch, int vectors, Body body) {
  alignas(Vector) float sums[kTileRows * 2 * kLanes];
  const int end = patch.firstInput + patch.inputCount;
  for (int input = patch.firstInput; input < end; input += kTileRows) {
    const int rows = smaller(kTileRows, end - input);
    const SampleRows from = {patch.x, patch.tiles, patch.tileCount, patch.inputs, input};
    gradientTiles[rows - 1][vectors - 1](patch.transposed, from, sums);
    for (int v = 0; v < vectors; v++) {
      const int unit = patch.firstUnit + v * kLanes;
      const std::ptrdiff_t block = std::ptrdiff_t{unit / kBlock} * patch.inputs + input;
      float* const sum = sums + v * kLanes;
      for (int r = 0; r < rows; r++) {
        body((block + r) * kBlock + unit % kBlock, load(sum + r * vectors * kLanes));
      }
    }
  }
}

struct NoMoments {
  Vector operator()(std::ptrdiff_t, Vector gradient, const GradientPatch& patch) const {
    return patch.rule.rate * gradient;
  }
};

struct WithMomentum {
  Vector operator()(std::ptrdiff_t at, Vector gradient, const GradientPatch& patch) const {
    const Vector velocity = kMomentum * load(patch.first + at) + gradient;
    store(patch.first + at, velocity);
    return patch.rule.rate * velocity;
  }
};

struct WithAdam {
  Vector operator()(std::ptrdiff_t at, Vector gradient, const GradientPatch& patch) const {
    const UpdateRule& rule = patch.rule;
    const Vector first = kAdamFirst * load(patch.first + at) + (1 - kAdamFirst) * gradient;
    const Vector second =
        kAdamSecond * load(patch.second + at) + (1 - kAdamSecond) * gradient * gradient;
    store(patch.first + at, first);
    store(patch.second + at, second);
    const Vector scale = root(second * (1.0f / rule.secondCorrection)) + kAdamEpsilon;
    return (rule.rate / rule.firstCorrection) * first / scale;
  }
};

template <typename Change>
inline Vector applyUpdate(const GradientPatch& patch, int vectors, Change change) {
  const UpdateRule& rule = patch.rule;
  const bool decoupled = rule.optimiser == Optimiser::adamw;
  const float kept = decoupled ? 1.0f - rule.rate * rule.decay : 1.0f;
  const float coupled = decoupled ? 0.0f : rule.decay;
  Vector notFinite{};
  forWeights(patch, vectors, [&](std::ptrdiff_t at, Vector sum) {
    Vector weight = load(patch.weights + at);
    Vector gradient = -rule.scale * sum;
    if (coupled != 0.0f) gradient += coupled * weight;
    weight = kept * weight - change(at, gradient, patch);
    store(patch.weights + at, weight);
    // Zero times anything finite is zero.
    notFinite += 0.0f * weight;
  });
  return notFinite;
}

float updateWeights(const GradientPatch& patch) {
  const int vectors = patch.units - patch.firstUnit > kLanes ? 2 : 1;
  transposeErrors(patch, vectors);
  Vector notFinite{};
  if (patch.gradient != nullptr) {
    forWeights(patch, vectors,
               [&](std::ptrdiff_t at, Vector sum) { store(patch.gradient + at, -sum); });
    return 0.0f;
  }
  switch (patch.rule.optimiser) {
    case Optimiser::sgd: notFinite = applyUpdate(patch, vectors, NoMoments{}); break;
    case Optimiser::momentum: notFinite = applyUpdate(patch, vectors, WithMomentum{}); break;
    case Optimiser::adam:
    case Optimiser::adamw: notFinite = applyUpdate(patch, vectors, WithAdam{}); break;
  }
  float total = 0.0f;
  for (int i = 0; i < kLanes; i++) total += notFinite[i];
  return total;
}
