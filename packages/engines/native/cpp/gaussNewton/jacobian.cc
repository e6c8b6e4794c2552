#include "jacobian.h"

namespace pclab {

void applyTransposedJacobians(const Passes& passes, const Crew& crew, const TransposedSweep& sweep) {
  const int top = passes.last();
  const Layer& output = passes.layer(top);
  forBlocks(crew, passes, top, top, [&](const Tile& tile, int, int block) {
    const int unit = block * kBlock;
    passes.kernels.backward({output.rowsOf(block), tile.lanes}, at(sweep.v, tile, output.units, unit),
                            at(sweep.slope[top], tile, output.units, unit),
                            at(sweep.h[top], tile, output.units, unit));
  });
  crew.sync();
  for (int l = top - 1; l >= 1; l--) {
    const Layer& layer = passes.layer(l);
    const Layer& above = passes.layer(l + 1);
    forBlocks(crew, passes, l, l, [&](const Tile& tile, int, int block) {
      const int unit = block * kBlock;
      const Rows size = {layer.rowsOf(block), tile.lanes};
      float* product = passes.space.scratch[crew.thread].product.data();
      passes.kernels.multiplyTransposed(above.weights.values.data() + static_cast<std::size_t>(unit) * kBlock,
                                        above.inputs, above.units, at(sweep.h[l + 1], tile, above.units), size,
                                        product);
      passes.kernels.jacobian({size, product, at(sweep.slope[l], tile, layer.units, unit), passes.shape.amb,
                               at(sweep.jacobian[l], tile, layer.units, unit),
                               at(sweep.h[l], tile, layer.units, unit)});
    });
    crew.sync();
  }
}

void applyJacobians(const Passes& passes, const Crew& crew, const ForwardSweep& sweep) {
  const int top = passes.last();
  for (int l = 1; l <= top; l++) {
    const Layer& layer = passes.layer(l);
    forBlocks(crew, passes, l, l, [&](const Tile& tile, int, int block) {
      const int unit = block * kBlock;
      TangentRows rows{};
      rows.size = {layer.rowsOf(block), tile.lanes};
      if (l > 1) {
        float* product = passes.space.scratch[crew.thread].product.data();
        passes.kernels.multiply(layer.block(block), layer.inputs, at(sweep.moved[l - 1], tile, layer.inputs),
                                rows.size, product);
        rows.product = product;
      }
      rows.slope = at(passes.space.slope[l], tile, layer.units, unit);
      rows.amb = passes.shape.amb;
      rows.isOutput = l == top;
      if (l < top) rows.error = at(sweep.errors[l], tile, layer.units, unit);
      if (sweep.scalesByVariance) rows.variance = layer.variance.data() + unit;
      rows.moved = at(sweep.moved[l], tile, layer.units, unit);
      passes.kernels.tangent(rows);
    });
    crew.sync();
  }
}

std::vector<Buffer> layerBuffers(const Shape& shape, int last, int lanes) {
  std::vector<Buffer> buffers(1);
  for (int l = 1; l <= last; l++) buffers.emplace_back(static_cast<std::size_t>(shape.sizes[l]) * lanes);
  return buffers;
}

}  // namespace pclab
