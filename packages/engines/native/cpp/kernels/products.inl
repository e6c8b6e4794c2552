/**
 * The three matrix products. Each has a register tile of up to kTileRows rows by one or two vectors, whose sums stay in
 * registers over a whole block of K. The innermost functions are never inlined: together with an epilogue GCC runs out of
 * registers and spills the sums.
 */
#define PCLAB_NOINLINE __attribute__((noinline))
/** Before the compiler decides what may live in registers: a loop left standing keeps the sums in memory. */
#define PCLAB_UNROLL _Pragma("GCC unroll 16")

/** K is taken in blocks whose share of x (256 rows of two vectors) stays in the first cache. */
constexpr int kDepth = 256;

template <int kRows, int kVectors>
struct Sums {
  Vector value[kRows][kVectors];

  void start(const float* from, bool carryOn) {
    PCLAB_UNROLL for (int r = 0; r < kRows; r++) {
      PCLAB_UNROLL for (int v = 0; v < kVectors; v++) {
        value[r][v] = carryOn ? load(from + (r * kVectors + v) * kLanes) : Vector{};
      }
    }
  }

  void add(int row, float factor, const Vector* of) {
    PCLAB_UNROLL for (int v = 0; v < kVectors; v++) value[row][v] += factor * of[v];
  }

  void finish(float* to) const {
    PCLAB_UNROLL for (int r = 0; r < kRows; r++) {
      PCLAB_UNROLL for (int v = 0; v < kVectors; v++) store(to + (r * kVectors + v) * kLanes, value[r][v]);
    }
  }
};

template <int kVectors>
inline void loadRow(const float* from, Vector* to) {
  PCLAB_UNROLL for (int v = 0; v < kVectors; v++) to[v] = load(from + v * kLanes);
}

/** sums[r] += sum_k w[k][r] x[k]; w steps by a block's sixteen units. */
template <int kRows, int kVectors>
PCLAB_NOINLINE void multiplyTile(const float* w, const float* x, int k, float* sums, bool carryOn) {
  Sums<kRows, kVectors> total;
  total.start(sums, carryOn);
  for (int i = 0; i < k; i++) {
    Vector row[kVectors];
    loadRow<kVectors>(x, row);
    // The weights are read in order, once a pass: the block after this one comes from far away.
    __builtin_prefetch(w + kDepth * kBlock, 0, 2);
    PCLAB_UNROLL for (int r = 0; r < kRows; r++) total.add(r, w[r], row);
    w += kBlock;
    x += kVectors * kLanes;
  }
  total.finish(sums);
}

/** sums[r] += sum_k w[k / 16][r][k % 16] h[k]; `stride` lies between blocks of sixteen units. */
template <int kRows, int kVectors>
PCLAB_NOINLINE void multiplyTransposedTile(const float* w, std::ptrdiff_t stride, const float* h, int k,
                                           float* sums, bool carryOn) {
  Sums<kRows, kVectors> total;
  total.start(sums, carryOn);
  for (; k > 0; k -= kBlock, w += stride) {
    const int n = k < kBlock ? k : kBlock;
    PCLAB_UNROLL for (int r = 0; r < kRows; r++) __builtin_prefetch(w + (kBlock + r) * kBlock, 0, 2);
    for (int i = 0; i < n; i++) {
      Vector row[kVectors];
      loadRow<kVectors>(h, row);
      PCLAB_UNROLL for (int r = 0; r < kRows; r++) total.add(r, w[r * kBlock + i], row);
      h += kVectors * kLanes;
    }
  }
  total.finish(sums);
}

/** Where a minibatch's samples are: tile by tile, `stride` floats a lane, from row `row` on. */
struct SampleRows {
  const float* x;
  const Tile* tiles;
  int tileCount;
  int stride;
  int row;
};

/** sums[r] = sum_b h[b] x[r][b]: vectors are units here, rows are inputs, and the samples of all tiles are summed. */
template <int kRows, int kVectors>
PCLAB_NOINLINE void gradientTile(const float* h, const SampleRows& from, float* sums) {
  Sums<kRows, kVectors> total;
  total.start(sums, false);
  for (int t = 0; t < from.tileCount; t++) {
    const Tile& tile = from.tiles[t];
    const std::ptrdiff_t lanes = tile.lanes;
    const float* x = from.x + std::ptrdiff_t{tile.firstLane} * from.stride + from.row * lanes;
    for (int b = 0; b < tile.samples; b++) {
      Vector row[kVectors];
      loadRow<kVectors>(h, row);
      PCLAB_UNROLL for (int r = 0; r < kRows; r++) total.add(r, x[r * lanes + b], row);
      h += kVectors * kLanes;
    }
  }
  total.finish(sums);
}

using MultiplyTile = void (*)(const float*, const float*, int, float*, bool);
using MultiplyTransposedTile = void (*)(const float*, std::ptrdiff_t, const float*, int, float*, bool);
using GradientTile = void (*)(const float*, const SampleRows&, float*);

/** [rows - 1][vectors - 1]; entries past kTileRows are never asked for. */
#define PCLAB_TILES(function)                                                            \
  {{function<1, 1>, function<1, 2>}, {function<2, 1>, function<2, 2>},                   \
   {function<3, 1>, function<3, 2>}, {function<4, 1>, function<4, 2>},                   \
   {function<5, 1>, function<5, 2>}, {function<6, 1>, function<6, 2>},                   \
   {function<kTileRows - 1, 1>, function<kTileRows - 1, 2>},                             \
   {function<kTileRows, 1>, function<kTileRows, 2>}}

constexpr MultiplyTile multiplyTiles[8][2] = PCLAB_TILES(multiplyTile);
constexpr MultiplyTransposedTile multiplyTransposedTiles[8][2] = PCLAB_TILES(multiplyTransposedTile);
constexpr GradientTile gradientTiles[8][2] = PCLAB_TILES(gradientTile);

inline int smaller(int a, int b) { return a < b ? a : b; }

void multiply(const float* weights, int k, const float* x, Rows size, float* product) {
  const int vectors = size.lanes / kLanes;
  for (int from = 0; from < k; from += kDepth) {
    const int depth = smaller(kDepth, k - from);
    for (int row = 0; row < size.rows; row += kTileRows) {
      const int rows = smaller(kTileRows, size.rows - row);
      multiplyTiles[rows - 1][vectors - 1](weights + std::ptrdiff_t{from} * kBlock + row,
                                           x + std::ptrdiff_t{from} * size.lanes, depth,
                                           product + row * size.lanes, from > 0);
    }
  }
}

void multiplyTransposed(const float* weights, int inputs, int units, const float* h, Rows size,
                        float* product) {
  const int vectors = size.lanes / kLanes;
  const std::ptrdiff_t stride = std::ptrdiff_t{inputs} * kBlock;
  for (int from = 0; from < units; from += kDepth) {
    const int depth = smaller(kDepth, units - from);
    for (int row = 0; row < size.rows; row += kTileRows) {
      const int rows = smaller(kTileRows, size.rows - row);
      multiplyTransposedTiles[rows - 1][vectors - 1](
          weights + from / kBlock * stride + row * kBlock, stride,
          h + std::ptrdiff_t{from} * size.lanes, depth, product + row * size.lanes, from > 0);
    }
  }
}
