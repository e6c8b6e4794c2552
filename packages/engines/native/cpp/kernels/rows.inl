/** What happens to a block of rows once its product is there. */

/** Calls body(unit, offset) for each vector of a block: `unit` counts rows, `offset` floats. */
template <typename Body>
inline void forVectors(Rows size, Body body) {
  for (int r = 0; r < size.rows; r++) {
    for (int v = 0; v < size.lanes; v += kLanes) body(r, r * size.lanes + v);
  }
}

inline void addTo(float* sums, int offset, int lanes, Vector value) {
  float* at = sums + offset % lanes;
  store(at, load(at) + value);
}

void errors(const ErrorRows& block) {
  withActivation(block.g, [&](auto g) {
    forVectors(block.size, [&](int unit, int at) {
      Vector a = load(block.product + at);
      if (block.bias != nullptr) a += block.bias[unit];
      Vector mu, slope;
      g.apply(a, mu, slope);
      const Vector eps = load(block.x + at) - mu;
      const Vector weighted = block.precision[unit] * eps;
      store(block.eps + at, eps);
      store(block.h + at, weighted * slope);
      if (block.energy != nullptr) addTo(block.energy, at, block.size.lanes, weighted * eps);
    });
  });
}

void storedErrors(const StoredErrorRows& block) {
  forVectors(block.size, [&](int unit, int at) {
    const Vector eps = load(block.x + at) - load(block.mu + at);
    const Vector weighted = block.precision[unit] * eps;
    store(block.eps + at, eps);
    store(block.h + at, weighted * load(block.slope + at));
    if (block.energy != nullptr) addTo(block.energy, at, block.size.lanes, weighted * eps);
  });
}

void predict(const PredictionRows& block) {
  withActivation(block.g, [&](auto g) {
    forVectors(block.size, [&](int unit, int at) {
      Vector a = load(block.product + at);
      if (block.bias != nullptr) a += block.bias[unit];
      Vector mu, slope;
      g.apply(a, mu, slope);
      if (block.storedSlope != nullptr) slope = load(block.storedSlope + at);
      if (block.eps != nullptr) {
        const Vector eps = load(block.eps + at);
        const Vector weighted = block.precision[unit] * eps;
        mu += eps;
        if (block.h != nullptr) store(block.h + at, weighted * slope);
        if (block.energy != nullptr) addTo(block.energy, at, block.size.lanes, weighted * eps);
      }
      store(block.x + at, mu);
      if (block.phi == nullptr && block.slope != nullptr) store(block.slope + at, slope);
    });
  });
  if (block.phi == nullptr) return;
  withActivation(block.hidden, [&](auto hidden) {
    forVectors(block.size, [&](int, int at) {
      Vector value, slope;
      hidden.apply(load(block.x + at), value, slope);
      store(block.phi + at, value);
      store(block.slope + at, slope);
    });
  });
}

inline Vector errorOf(const StepRows& block, int at) {
  return block.eps == nullptr ? load(block.x + at) - load(block.mu + at) : load(block.eps + at);
}

inline Vector pullOf(const StepRows& block, int at) {
  const Vector pull = load(block.product + at);
  return block.phi == nullptr ? pull : pull * load(block.slope + at);
}

void measureResidual(const StepRows& block) {
  forVectors(block.size, [&](int unit, int at) {
    const Vector gradient = block.precision[unit] * errorOf(block, at) - pullOf(block, at);
    addTo(block.residual, at, block.size.lanes, gradient * gradient);
  });
}

void moveActivities(const StepRows& block) {
  const float* factor = block.precondition ? block.variance : block.precision;
  forVectors(block.size, [&](int unit, int at) {
    const Vector eps = errorOf(block, at);
    const Vector pull = pullOf(block, at);
    const Vector direction =
        block.precondition ? factor[unit] * pull - eps : pull - factor[unit] * eps;
    store(block.x + at, load(block.x + at) + block.rate * direction);
  });
  if (block.phi == nullptr) return;
  withActivation(block.hidden, [&](auto hidden) {
    forVectors(block.size, [&](int, int at) {
      Vector value, slope;
      hidden.apply(load(block.x + at), value, slope);
      store(block.phi + at, value);
      store(block.slope + at, slope);
    });
  });
}

void step(const StepRows& block) {
  if (block.residual != nullptr) measureResidual(block);
  else moveActivities(block);
}

void backward(Rows size, const float* product, const float* slope, float* h) {
  forVectors(size, [&](int, int at) { store(h + at, load(product + at) * load(slope + at)); });
}

void jacobian(const JacobianRows& block) {
  forVectors(block.size, [&](int, int at) {
    const Vector product = load(block.product + at);
    const Vector sloped = product * load(block.slope + at);
    store(block.jacobian + at, block.amb ? sloped : product);
    store(block.h + at, sloped);
  });
}

void tangent(const TangentRows& block) {
  forVectors(block.size, [&](int unit, int at) {
    // g_l' belongs to the product, phi' to the sum that layer l + 1 takes; mba has the one, amb the other.
    Vector moved{};
    const Vector slope = load(block.slope + at);
    if (block.product != nullptr) {
      moved = load(block.product + at);
      if (!block.amb || block.isOutput) moved *= slope;
    }
    if (block.error != nullptr) {
      const Vector error = load(block.error + at);
      moved += block.variance == nullptr ? error : block.variance[unit] * error;
    }
    if (block.amb && !block.isOutput) moved *= slope;
    store(block.moved + at, moved);
  });
}

void moveErrors(const ErrorStepRows& block) {
  forVectors(block.size, [&](int, int at) {
    const Vector start = load(block.start + at);
    const Vector t = load(block.t + at % block.size.lanes);
    // Zero times a step that is not finite would be NaN.
    store(block.eps + at, t == 0.0f ? start : start + t * load(block.step + at));
  });
}

/** Up to four sums in registers at once, so that `left` is read once for each four. */
template <int kCount>
void innerProductsOf(const InnerProductRows& block, int first, int lane) {
  const int lanes = block.size.lanes;
  Vector sums[kCount] = {};
  for (int unit = 0; unit < block.size.rows; unit++) {
    const std::ptrdiff_t at = std::ptrdiff_t{unit} * lanes + lane;
    const Vector left = block.variance[unit] * load(block.left + at);
    PCLAB_UNROLL for (int i = 0; i < kCount; i++) sums[i] += left * load(block.right[first + i] + at);
  }
  PCLAB_UNROLL for (int i = 0; i < kCount; i++) store(block.sums + (first + i) * lanes + lane, sums[i]);
}

void innerProducts(const InnerProductRows& block) {
  for (int lane = 0; lane < block.size.lanes; lane += kLanes) {
    int first = 0;
    for (; first + 4 <= block.count; first += 4) innerProductsOf<4>(block, first, lane);
    for (; first < block.count; first++) innerProductsOf<1>(block, first, lane);
  }
}

void errorStep(Rows size, const float* jacobian, const float* variance, const float* eps, float* step) {
  forVectors(size, [&](int unit, int at) {
    store(step + at, variance[unit] * load(jacobian + at) - load(eps + at));
  });
}
