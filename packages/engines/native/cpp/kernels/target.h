/** Lets one function set of a file be compiled for an instruction set that the rest of the program does not need. */
#pragma once
#define PCLAB_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define PCLAB_TARGET(features) \
  PCLAB_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define PCLAB_TARGET_END _Pragma("clang attribute pop")
#else
#define PCLAB_TARGET(features) _Pragma("GCC push_options") PCLAB_PRAGMA(GCC target(features))
#define PCLAB_TARGET_END _Pragma("GCC pop_options")
#endif
