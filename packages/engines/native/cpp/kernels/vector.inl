/** One vector of floats, by the compiler's own vector types: the same text for every instruction set. */
constexpr int kLanes = PCLAB_VECTOR_BYTES / 4;
typedef float Vector __attribute__((vector_size(PCLAB_VECTOR_BYTES), may_alias));
typedef std::int32_t IntVector __attribute__((vector_size(PCLAB_VECTOR_BYTES), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
inline Vector splat(float value) { return Vector{} + value; }
inline Vector root(Vector value) {
  // The compiler makes one instruction of this loop, as it knows no square root of its vector types.
  alignas(Vector) float lanes[kLanes];
  store(lanes, value);
  for (int i = 0; i < kLanes; i++) lanes[i] = __builtin_sqrtf(lanes[i]);
  return load(lanes);
}

template <int... indices>
struct Indices {};
template <int count, int... indices>
struct CountTo : CountTo<count - 1, count - 1, indices...> {};
template <int... indices>
struct CountTo<0, indices...> {
  using type = Indices<indices...>;
};

/** Swaps the off-diagonal quarters of each square of 2 * kStep rows and lanes. */
template <int kStep, int... lane>
inline void swapQuarters(Vector& upper, Vector& lower, Indices<lane...>) {
  const Vector a = upper;
  const Vector b = lower;
  upper = __builtin_shufflevector(a, b, (lane & kStep ? kLanes + lane - kStep : lane)...);
  lower = __builtin_shufflevector(a, b, (lane & kStep ? kLanes + lane : lane + kStep)...);
}

template <int kStep>
inline void transposeBy(Vector* rows) {
  for (int row = 0; row < kLanes; row++) {
    if (row & kStep) continue;
    swapQuarters<kStep>(rows[row], rows[row + kStep], typename CountTo<kLanes>::type{});
  }
}

/** rows[i][j] <-> rows[j][i]. */
inline void transpose(Vector* rows) {
  transposeBy<1>(rows);
  transposeBy<2>(rows);
  if constexpr (kLanes > 4) transposeBy<4>(rows);
  if constexpr (kLanes > 8) transposeBy<8>(rows);
}
