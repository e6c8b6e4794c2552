{
  "targets": [
    {
      "target_name": "pclab_native",
      "sources": [
        "cpp/addon/addon.cc",
        "cpp/addon/arguments.cc",
        "cpp/addon/batch.cc",
        "cpp/addon/handle.cc",
        "cpp/addon/inferenceMeasures.cc",
        "cpp/addon/instructionSets.cc",
        "cpp/addon/job.cc",
        "cpp/addon/lifetime.cc",
        "cpp/addon/looking.cc",
        "cpp/addon/machine.cc",
        "cpp/addon/options.cc",
        "cpp/addon/state.cc",
        "cpp/addon/training.cc",
        "cpp/addon/work.cc",
        "cpp/engine/engine.cc",
        "cpp/engine/measures.cc",
        "cpp/engine/minibatch.cc",
        "cpp/engine/parameters.cc",
        "cpp/engine/passes.cc",
        "cpp/engine/update.cc",
        "cpp/engine/workspace.cc",
        "cpp/gaussNewton/cholesky.cc",
        "cpp/gaussNewton/conjugateGradients.cc",
        "cpp/gaussNewton/denseSolver.cc",
        "cpp/gaussNewton/gaussNewton.cc",
        "cpp/gaussNewton/jacobian.cc",
        "cpp/gaussNewton/preconditioner.cc",
        "cpp/kernels/available.cc",
        "cpp/kernels/avx2.cc",
        "cpp/kernels/avx512.cc",
        "cpp/kernels/neon.cc",
        "cpp/kernels/portable.cc",
        "cpp/threads/team.cc"
      ],
      "defines": ["NAPI_VERSION=8"],
      "cflags!": ["-fno-exceptions", "-O2"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags": ["-O3", "-fvisibility=hidden", "-Wall", "-Wextra"],
      "cflags_cc": ["-std=c++20", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"]
      }
    }
  ]
}
