/**
 * The arithmetic, one table of functions per instruction set; everything above it is the same code on all of them.
 *
 * Dimensions: S lanes of a tile (samples side by side, one or two vectors), B samples, K the summed dimension.
 *
 * Activities of a tile are [unit][S], so that one instruction serves S samples. Weights theta_l [N_l x N_{l-1}] are kept
 * in one packed form, [N_l / 16][N_{l-1}][16]: sixteen units of the layer side by side for each of its inputs. That form
 * serves the product, the transposed product, the gradient and the optimiser, so that a weight update repacks nothing.
 *
 * Every element of a result is summed in one order, whatever the tile or the thread: results do not depend on either.
 */
#pragma once
#include <cstddef>
#include <cstdint>

namespace pclab {

/** Units of a block of packed weights. */
constexpr int kBlock = 16;

constexpr int blocksOf(int units) { return (units + kBlock - 1) / kBlock; }

/** In the order of the interface's list of names, which the addon checks. */
enum class Activation : int { tanh, relu, leakyRelu, gelu, sigmoid, identity };

enum class Optimiser : int { sgd, momentum, adam, adamw };

/** A block of up to sixteen rows of a tile: what a product left, and what belongs to its units. Rows are S floats apart. */
struct Rows {
  int rows;
  int lanes;
};

/** a_l = theta_l phi(x_{l-1}) of one block in; mu, eps and h out (docs/EQUATIONS.md, definitions). */
struct ErrorRows {
  Rows size;
  Activation g;
  const float* product;
  /** Per unit; null without bias. */
  const float* bias;
  const float* precision;
  const float* x;
  float* eps;
  float* h;
  /** Sum over the rows of pi eps^2, per lane; null when nobody asks. */
  float* energy;
};

/** The same from a mu and a g' that are there already: layer 1's stand still between weight updates. */
struct StoredErrorRows {
  Rows size;
  const float* mu;
  const float* slope;
  const float* precision;
  const float* x;
  float* eps;
  float* h;
  float* energy;
};

/** A prediction that becomes an activity: x_l = mu_l, or mu_l + eps_l. */
struct PredictionRows {
  Rows size;
  Activation g;
  const float* product;
  const float* bias;
  /** Null: the forward pass, in which the hidden errors are zero. */
  const float* eps;
  float* x;
  /** Null: phi is the identity, and `slope` takes g'. Else phi(x) and `slope` takes phi'(x). */
  float* phi;
  Activation hidden;
  float* slope;
  /** g' where mu is there already and `g` is the identity; null: g's own. */
  const float* storedSlope;
  /** With eps: h = g' pi eps and the sum of pi eps^2 over the rows, per lane; null when nobody asks. */
  const float* precision;
  float* h;
  float* energy;
};

/** theta^T h of one block of units in; one activity step, or the norm of dE/dx, out. */
struct StepRows {
  Rows size;
  const float* product;
  /** The error: given, or x - mu of layer 1. */
  const float* eps;
  const float* mu;
  const float* variance;
  const float* precision;
  bool precondition;
  float rate;
  float* x;
  /** With phi (amb): phi(x) and phi'(x), read and written. */
  float* phi;
  float* slope;
  Activation hidden;
  /** When given nothing moves, and the sum over the rows of (dE/dx)^2 is added, per lane. */
  float* residual;
};

/** J_l^T v of one block (docs/EQUATIONS.md, Gauss-Newton) and what the layer below multiplies. */
struct JacobianRows {
  Rows size;
  const float* product;
  const float* slope;
  /** amb: J = slope * product. mba: h = slope * product. The other is the product itself, or the same. */
  bool amb;
  float* jacobian;
  float* h;
};

/** How far one block of x_l moves with the layers below it and with its own error, as layer l + 1 takes it. */
struct TangentRows {
  Rows size;
  /** Null for layer 1: the input is clamped. */
  const float* product;
  const float* slope;
  bool amb;
  bool isOutput;
  /** The error's own movement; null for the output. Times `variance`, per unit, unless that is null. */
  const float* error;
  const float* variance;
  float* moved;
};

/** Inner products of a row's lanes with those of `count` others, over the units: sums[c] = sum_u variance_u left_u right[c]_u. */
struct InnerProductRows {
  Rows size;
  const float* variance;
  const float* left;
  const float* const* right;
  int count;
  /** [count][lanes]. */
  float* sums;
};

/** eps = start + t step, lane by lane; where t is zero, start itself. */
struct ErrorStepRows {
  Rows size;
  const float* start;
  const float* step;
  const float* t;
  float* eps;
};

struct UpdateRule {
  Optimiser optimiser;
  float rate;
  float decay;
  /** 1 / B: gradients are sums. */
  float scale;
  /** Adam's bias corrections 1 - beta^t. */
  float firstCorrection;
  float secondCorrection;
};

/** A run of consecutive samples of a minibatch. */
struct Tile {
  /** Lanes before this tile. */
  int firstLane;
  int lanes;
  /** Samples in it; the other lanes hold nothing. */
  int samples;
};

/** dE/dtheta of some inputs of up to two vectors of units, and the update made from it. */
struct GradientPatch {
  /** N_{l-1} and N_l. */
  int inputs;
  int units;
  int firstUnit;
  int firstInput;
  int inputCount;
  const Tile* tiles;
  int tileCount;
  /** h_l and phi(x_{l-1}) of the whole minibatch: element [unit][lane] of a tile at firstLane * units + unit * lanes. */
  const float* h;
  const float* x;
  /** Room for patchUnits * samples floats. */
  float* transposed;
  /** Packed; the moments as the optimiser has them. */
  float* weights;
  float* first;
  float* second;
  UpdateRule rule;
  /** When given, the summed gradient goes here, packed, and nothing is updated. */
  float* gradient;
};

struct Kernels {
  const char* name;
  /** Floats of a vector. */
  int vectorLanes;
  /** Units that one GradientPatch spans. */
  int patchUnits;

  /** product[rows][lanes] = theta(block) x, x [K][lanes]; weights at the block. */
  void (*multiply)(const float* weights, int k, const float* x, Rows size, float* product);
  /** product[rows][lanes] = theta^T h for the inputs from `weights` on; `inputs` is the packed form's row length. */
  void (*multiplyTransposed)(const float* weights, int inputs, int units, const float* h, Rows size,
                             float* product);
  void (*errors)(const ErrorRows&);
  void (*storedErrors)(const StoredErrorRows&);
  void (*predict)(const PredictionRows&);
  void (*step)(const StepRows&);
  /** h = product * slope. */
  void (*backward)(Rows size, const float* product, const float* slope, float* h);
  void (*jacobian)(const JacobianRows&);
  void (*tangent)(const TangentRows&);
  void (*moveErrors)(const ErrorStepRows&);
  /** step = variance * jacobian - eps. */
  void (*innerProducts)(const InnerProductRows&);
  void (*errorStep)(Rows size, const float* jacobian, const float* variance, const float* eps, float* step);
  /** Returns NaN in place of 0 when an updated weight is not finite. */
  float (*updateWeights)(const GradientPatch&);
  /** Multiply-adds from registers; returns their number. */
  double (*multiplyAdds)(std::int64_t rounds, float* sink);
};

/** The builds that this processor runs, best first. */
const Kernels* const* availableKernels(int* count);

}  // namespace pclab
