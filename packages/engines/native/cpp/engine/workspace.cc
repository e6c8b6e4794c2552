#include "workspace.h"

#include <algorithm>

namespace pclab {

std::vector<Tile> tilesOf(int samples, int vectorLanes) {
  std::vector<Tile> tiles;
  for (int done = 0, lane = 0; done < samples;) {
    const int left = samples - done;
    const int lanes = left > vectorLanes ? 2 * vectorLanes : vectorLanes;
    tiles.push_back({lane, lanes, std::min(left, lanes)});
    done += lanes;
    lane += lanes;
  }
  return tiles;
}

Workspace::Workspace(const Shape& shape, const Kernels& kernels, int batchSize)
    : shape_(shape), kernels_(kernels) {
  const Tile last = tilesOf(batchSize, kernels.vectorLanes).back();
  lanes = last.firstLane + last.lanes;
  const auto room = [&](int units) { return Buffer(static_cast<std::size_t>(units) * lanes); };
  const int layers = shape.layers();
  for (int l = 0; l <= layers; l++) {
    const int units = shape.sizes[l];
    const bool isHidden = l > 0 && l < layers;
    x.push_back(room(units));
    phi.push_back(isHidden && shape.amb ? room(units) : Buffer());
    slope.push_back(l > 0 ? room(units) : Buffer());
    eps.push_back(l > 0 ? room(units) : Buffer());
    h.push_back(l > 0 ? room(units) : Buffer());
    energy.push_back(l > 0 ? room(blocksOf(units)) : Buffer());
    residual.push_back(isHidden ? room(blocksOf(units)) : Buffer());
  }
  firstMu = room(shape.sizes[1]);
  firstSlope = room(shape.sizes[1]);
  prediction = room(shape.sizes[layers]);
  provide(1);
}

void Workspace::provide(int ranks) {
  const std::size_t widest = *std::max_element(shape_.sizes.begin() + 1, shape_.sizes.end());
  const std::size_t tileLanes = 2 * static_cast<std::size_t>(kernels_.vectorLanes);
  while (static_cast<int>(scratch.size()) < ranks) {
    Scratch room;
    room.product = Buffer(kBlock * tileLanes);
    for (int i = 0; i < 2; i++) {
      room.eps[i] = Buffer(widest * tileLanes);
      room.h[i] = Buffer(widest * tileLanes);
    }
    room.transposed = Buffer(static_cast<std::size_t>(kernels_.patchUnits) * lanes);
    scratch.push_back(std::move(room));
  }
}

}  // namespace pclab
