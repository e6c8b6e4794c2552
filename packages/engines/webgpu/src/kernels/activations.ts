/** The six activation functions in WGSL. The builtin tanh is not used: one driver gives NaN beyond 90, and is 1e-3 off near 0. */
import type { ActivationName } from "@pclab/core";

/** In the order of the functions' numbers below. */
export const ACTIVATION_CODES: readonly ActivationName[] = [
  "identity",
  "tanh",
  "relu",
  "leaky_relu",
  "gelu",
  "sigmoid",
];

export const ACTIVATIONS_WGSL = /* wgsl */ `
// Below 0.25 Taylor's series to x^11, which is exact to float32; above, 1 - e is far from cancelling.
fn tanhOf(a: f32) -> f32 {
  let size = abs(a);
  if (size < 0.25) {
    let q = a * a;
    return a * (1.0 + q * (-0.33333333 + q * (0.13333333 + q * (-0.053968254 + q * (0.021869488 - q * 0.0088632355)))));
  }
  let e = exp(-2.0 * size);
  let t = (1.0 - e) / (1.0 + e);
  return select(t, -t, a < 0.0);
}

fn sigmoidOf(a: f32) -> f32 {
  let e = exp(-abs(a));
  return select(1.0, e, a < 0.0) / (1.0 + e);
}

// The rational approximation of Eigen's and XLA's float32 erf; beyond 4, erf is 1 to float32.
fn erfOf(a: f32) -> f32 {
  let x = clamp(a, -4.0, 4.0);
  let q = x * x;
  var p = -2.72614225801306e-10;
  p = p * q + 2.77068142495902e-08;
  p = p * q - 2.10102402082508e-06;
  p = p * q - 5.69250639462346e-05;
  p = p * q - 7.34990630326855e-04;
  p = p * q - 2.95459980854025e-03;
  p = p * q - 1.60960333262415e-02;
  var d = -1.45660718464996e-05;
  d = d * q - 2.13374055278905e-04;
  d = d * q - 1.68282697438203e-03;
  d = d * q - 7.37332916720468e-03;
  d = d * q - 1.42647390514189e-02;
  return x * p / d;
}

// A NaN stays one, in relu too: a diverged network must not turn into a silent zero.
fn valueOf(code: u32, a: f32) -> f32 {
  switch code {
    case 1u: { return tanhOf(a); }
    case 2u: { return select(0.0, a, a > 0.0 || !isFinite(a)); }
    case 3u: { return select(0.01 * a, a, a > 0.0); }
    case 4u: { return 0.5 * a * (1.0 + erfOf(a * 0.70710678)); }
    case 5u: { return sigmoidOf(a); }
    default: { return a; }
  }
}

// f'(a), given f(a) as well.
fn slopeOf(code: u32, a: f32, value: f32) -> f32 {
  switch code {
    case 1u: { return 1.0 - value * value; }
    case 2u: { return select(0.0, 1.0, a > 0.0); }
    case 3u: { return select(0.01, 1.0, a > 0.0); }
    case 4u: {
      return 0.5 * (1.0 + erfOf(a * 0.70710678)) + a * 0.39894228 * exp(-0.5 * a * a);
    }
    case 5u: { return value * (1.0 - value); }
    default: { return 1.0; }
  }
}
`;
