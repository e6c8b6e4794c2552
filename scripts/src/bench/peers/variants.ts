/** The baselines of scripts/peers/: what each is called and which models it trains. */
import type { Model } from "../workload.js";

export interface Variant {
  id: string;
  /** In tables, and what ratios look it up by. */
  name: string;
  models: readonly Model[];
}

export const MANUAL = "PyTorch manual";
export const FASTEST = "PyTorch fastest";
export const AUTOGRAD = "PyTorch autograd";
export const OPTIM = "PyTorch autograd and optim.Adam";
export const TORCH2PC = "Torch2PC (Strict)";
export const PC_TRAINER = "PCTrainer";

export const VARIANTS: readonly Variant[] = [
  { id: "manual", name: MANUAL, models: ["pc", "pc_rc2"] },
  { id: "manual_fast", name: FASTEST, models: ["pc", "pc_rc2"] },
  { id: "autograd", name: AUTOGRAD, models: ["pc"] },
  { id: "bp", name: OPTIM, models: ["bp"] },
  { id: "bp_fast", name: FASTEST, models: ["bp"] },
];

/** Those that have a GPU's formulation. */
export const GPU_VARIANTS: readonly Variant[] = [
  { id: "manual", name: MANUAL, models: ["pc"] },
  { id: "compile", name: "PyTorch manual under torch.compile", models: ["pc"] },
  { id: "autograd", name: AUTOGRAD, models: ["pc"] },
];

/** Measured on one shape alone: they are slow, or few machines have them. */
export const RARE_VARIANTS: readonly Variant[] = [
  { id: "compile", name: "PyTorch manual under torch.compile", models: ["pc"] },
  { id: "torch2pc", name: TORCH2PC, models: ["pc"] },
  { id: "pctrainer", name: PC_TRAINER, models: ["pc"] },
];
