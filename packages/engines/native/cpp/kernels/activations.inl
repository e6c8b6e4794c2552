/**
 * The activation functions and their derivatives in float32, to a few units in the last place. A NaN stays a NaN: every
 * clamp is written so that a comparison with NaN leaves it.
 */
inline Vector clamp(Vector a, float limit) {
  a = a > limit ? splat(limit) : a;
  return a < -limit ? splat(-limit) : a;
}

/** An odd polynomial of degree 13 over an even one of degree 6: the coefficients are Eigen's (MPL 2, generic_fast_tanh). */
inline Vector hyperbolicTangent(Vector a) {
  a = clamp(a, 7.90531110763549805f);
  const Vector square = a * a;
  Vector top = square * -2.76076847742355e-16f + 2.00018790482477e-13f;
  top = square * top + -8.60467152213735e-11f;
  top = square * top + 5.12229709037114e-08f;
  top = square * top + 1.48572235717979e-05f;
  top = square * top + 6.37261928875436e-04f;
  top = square * top + 4.89352455891786e-03f;
  Vector bottom = square * 1.19825839466702e-06f + 1.18534705686654e-04f;
  bottom = square * bottom + 2.26843463243900e-03f;
  bottom = square * bottom + 4.89352518554385e-03f;
  return a * top / bottom;
}

/** The same form for erf, the coefficients Eigen's (generic_fast_erf). */
inline Vector errorFunction(Vector a) {
  a = clamp(a, 4.0f);
  const Vector square = a * a;
  Vector top = square * -2.72614225801306e-10f + 2.77068142495902e-08f;
  top = square * top + -2.10102402082508e-06f;
  top = square * top + -5.69250639462346e-05f;
  top = square * top + -7.34990630326855e-04f;
  top = square * top + -2.95459980854025e-03f;
  top = square * top + -1.60960333262415e-02f;
  Vector bottom = square * -1.45660718464996e-05f + -2.13374055278905e-04f;
  bottom = square * bottom + -1.68282697438203e-03f;
  bottom = square * bottom + -7.37332916720468e-03f;
  bottom = square * bottom + -1.42647390514189e-02f;
  return a * top / bottom;
}

/** 2^n e^r with |r| <= ln 2 / 2, the remainder's exponential by its series. */
inline Vector exponential(Vector a) {
  a = clamp(a, 87.0f);
  // Adding 1.5 * 2^23 rounds to the nearest integer.
  const Vector shifted = a * 1.44269504088896341f + 12582912.0f;
  const Vector n = shifted - 12582912.0f;
  const Vector r = (a - n * 0.693359375f) - n * -2.12194440e-4f;
  Vector series = r * 1.9875691500e-4f + 1.3981999507e-3f;
  series = series * r + 8.3334519073e-3f;
  series = series * r + 4.1665795894e-2f;
  series = series * r + 1.6666665459e-1f;
  series = series * r + 5.0000001201e-1f;
  series = series * (r * r) + r + 1.0f;
  const IntVector exponent = (__builtin_convertvector(n, IntVector) + 127) << 23;
  return series * reinterpret_cast<const Vector&>(exponent);
}

struct Tanh {
  static void apply(Vector a, Vector& value, Vector& slope) {
    value = hyperbolicTangent(a);
    slope = 1.0f - value * value;
  }
};

/** The derivative at 0 is 0, as in PyTorch. */
struct Relu {
  static void apply(Vector a, Vector& value, Vector& slope) {
    value = a < 0.0f ? splat(0.0f) : a;
    slope = a > 0.0f ? splat(1.0f) : splat(0.0f);
  }
};

struct LeakyRelu {
  static void apply(Vector a, Vector& value, Vector& slope) {
    slope = a > 0.0f ? splat(1.0f) : splat(0.01f);
    value = slope * a;
  }
};

/** Exact: a Phi(a), whose derivative is Phi(a) + a phi(a). */
struct Gelu {
  static void apply(Vector a, Vector& value, Vector& slope) {
    const Vector cumulative = 0.5f * errorFunction(a * 0.70710678118654752f) + 0.5f;
    const Vector density = 0.39894228040143268f * exponential(-0.5f * a * a);
    value = a * cumulative;
    slope = cumulative + a * density;
  }
};

struct Sigmoid {
  static void apply(Vector a, Vector& value, Vector& slope) {
    value = 1.0f / (1.0f + exponential(-a));
    slope = value * (1.0f - value);
  }
};

struct Identity {
  static void apply(Vector a, Vector& value, Vector& slope) {
    value = a;
    slope = splat(1.0f);
  }
};

/** Calls `body` with the activation's type, so that its loop holds no branch. */
template <typename Body>
inline void withActivation(Activation activation, Body body) {
  switch (activation) {
    case Activation::tanh: return body(Tanh{});
    case Activation::relu: return body(Relu{});
    case Activation::leakyRelu: return body(LeakyRelu{});
    case Activation::gelu: return body(Gelu{});
    case Activation::sigmoid: return body(Sigmoid{});
    case Activation::identity: return body(Identity{});
  }
}
