/** The builds of the kernels, best first. */
export const INSTRUCTION_SETS = ["avx512", "avx2", "neon", "portable"] as const;
export type InstructionSet = (typeof INSTRUCTION_SETS)[number];
