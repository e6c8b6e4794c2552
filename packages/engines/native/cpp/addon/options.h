/** The numbers that JavaScript describes a network and its training with; src/encoding.ts writes them. */
#pragma once
#include "../engine/settings.h"
#include "arguments.h"

namespace pclab {

/** Throws ArgumentError. */
Shape decodeShape(const TypedArray& sizes, const TypedArray& fields);
/** One replica's settings at `fields`, kSettingsFields numbers. */
Settings decodeSettings(const double* fields);

constexpr int kShapeFields = 4;
constexpr int kSettingsFields = 23;

}  // namespace pclab
