/** The examples and indices that a call works on. */
#pragma once
#include "../engine/engine.h"
#include "arguments.h"

namespace pclab {

/** Arguments 3..7: inputs, scale, offset, targets, indices; at most `most` of these. Throws ArgumentError. */
Batch batchOf(const Arguments& arguments, const Engine& engine, int most);

}  // namespace pclab
