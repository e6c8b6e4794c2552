/** The builds of the kernels by their names. */
#pragma once
#include <string>

#include "../kernels/kernels.h"

namespace pclab {

/** Throws ArgumentError for a name that is not one of this processor's. */
const Kernels& kernelsNamed(const std::string& name);

}  // namespace pclab
