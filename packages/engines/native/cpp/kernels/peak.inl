/** The ceiling: multiply-adds that touch no memory, enough of them in flight to fill every unit. */
double multiplyAdds(std::int64_t rounds, float* sink) {
  constexpr int kChains = 12;
  Vector sums[kChains];
  for (int c = 0; c < kChains; c++) sums[c] = splat(static_cast<float>(c));
  Vector factor = splat(sink[0]);
  Vector term = splat(sink[1]);
  for (std::int64_t i = 0; i < rounds; i++) {
    for (int c = 0; c < kChains; c++) sums[c] = sums[c] * factor + term;
  }
  Vector total{};
  for (int c = 0; c < kChains; c++) total += sums[c];
  store(sink, total);
  return static_cast<double>(rounds) * kChains * kLanes;
}
