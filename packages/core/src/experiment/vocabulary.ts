/** The closed sets of words a spec may use. Lists rather than enums, so that schemas, types and "did you mean" share them. */

export const ALGORITHMS = ["bp", "pc", "pc_rc2", "pc_rc3", "pc_rc23"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export const DATASETS = ["fashion-mnist", "mnist"] as const;
export type DatasetName = (typeof DATASETS)[number];

export const ACTIVATIONS = ["tanh", "relu", "leaky_relu", "gelu", "sigmoid", "identity"] as const;
export type ActivationName = (typeof ACTIVATIONS)[number];

/** `mba`: mu = f(theta x), the paper's reading. `amb`: mu = theta f(x). */
export const NODE_CONVENTIONS = ["mba", "amb"] as const;
export type NodeConvention = (typeof NODE_CONVENTIONS)[number];

export const INITIALISATIONS = ["uniform_fan_in", "xavier", "he", "lecun", "orthogonal"] as const;
export type Initialisation = (typeof INITIALISATIONS)[number];

export const OPTIMISERS = ["sgd", "momentum", "adam", "adamw"] as const;
export type OptimiserName = (typeof OPTIMISERS)[number];

/** Activations with a continuous derivative, which Gauss-Newton's linearisation needs. */
export const SMOOTH_ACTIVATIONS: readonly ActivationName[] = [
  "tanh",
  "gelu",
  "sigmoid",
  "identity",
];

export const INFERENCE_METHODS = ["gradient", "nesterov", "gauss_newton"] as const;
export type InferenceMethod = (typeof INFERENCE_METHODS)[number];

/** How Gauss-Newton solves its linear system: a Cholesky factor of S, or conjugate gradients. */
export const GAUSS_NEWTON_SOLVERS = ["dense", "cg"] as const;
export type GaussNewtonSolver = (typeof GAUSS_NEWTON_SOLVERS)[number];

/** The inference methods this version's engines implement; a spec that asks for another is refused when it is submitted. */
export const AVAILABLE_INFERENCE_METHODS: readonly InferenceMethod[] = ["gradient", "gauss_newton"];

export const ENGINES = ["auto", "reference", "native", "webgpu", "tfjs"] as const;
export type EngineChoice = (typeof ENGINES)[number];
export type EngineName = Exclude<EngineChoice, "auto">;

/** The engines this version contains, best first: `auto` takes the first that can start on the worker. */
export const AVAILABLE_ENGINES: readonly EngineName[] = ["webgpu", "native", "reference", "tfjs"];

/** What they infer by; the others have every method. */
export const ENGINES_WITH_GRADIENT_ALONE: readonly EngineName[] = ["webgpu", "tfjs"];

export const TIMINGS = ["shared", "exclusive"] as const;
export type Timing = (typeof TIMINGS)[number];

/** Relaxed condition 2: weights are updated during inference, not after it. */
export const relaxesCondition2 = (algorithm: Algorithm): boolean =>
  algorithm === "pc_rc2" || algorithm === "pc_rc23";

/** Relaxed condition 3: the variances are trained. */
export const relaxesCondition3 = (algorithm: Algorithm): boolean =>
  algorithm === "pc_rc3" || algorithm === "pc_rc23";
