/** What a kernel is: WGSL over the engine's buffers, of which each kernel binds those that it names. */

/** The engine's storage buffers, and the type of their elements in WGSL. */
export const BUFFER_TYPES = {
  control: "Replica",
  indices: "u32",
  rawInputs: "u32",
  targets: "f32",
  rates: "vec4f",
  parameters: "f32",
  moments: "f32",
  x: "f32",
  errors: "f32",
  cache: "f32",
  energies: "f32",
  partials: "f32",
  summary: "f32",
  flags: "atomic<u32>",
  gradient: "f32",
} as const;

export type BufferName = keyof typeof BUFFER_TYPES;
export type Access = "read" | "read_write";

export interface Kernel {
  name: string;
  /** Eight at most: what every adapter offers a stage. Bound in this order. */
  buffers: readonly (readonly [BufferName, Access])[];
  /** Functions and variables before the entry point. */
  declarations?: string;
  /** The entry point's statements; `group`, `lane` are its workgroup's and its own place. */
  body: string;
}

/** Invocations of every workgroup. */
export const LANES = 64;

/** Layers that the plan has room for: a spec's deepest network has 65. */
export const MOST_LAYERS = 128;

/** 32-bit words of a Replica, a Layer and the Plan's head in WGSL. */
export const REPLICA_WORDS = 32;
export const LAYER_WORDS = 20;
export const PLAN_HEAD_WORDS = 12;

/** Flags of a Replica. */
export const FLAGS = {
  participates: 1,
  bp: 2,
  rc2: 4,
  trainsVariance: 8,
  trainsOutputVariance: 16,
  updates: 32,
  precondition: 64,
  bytes: 128,
} as const;

/** What a dispatch is for, in a Step's `mode`. */
export const MODES = {
  /** The replicas whose phase goes on at this step. */
  step: 0,
  /** The end of all phases: the updates that were put off until then, and BP's. */
  final: 1,
  /** Every replica that takes part. */
  look: 2,
  /** The replicas whose weights were just updated and whose phase goes on. */
  updated: 3,
  /** Each sample's energy is taken for the next comparison; nothing is told or decided. */
  refresh: 4,
} as const;

export const PHASES = {
  /** Takes no part, or has nothing to do any more. */
  idle: 0,
  stepping: 1,
  /** Stopped early, its update still to come. */
  settled: 2,
  /** BP: its update is to come. */
  bp: 3,
} as const;

/** `quantity` of a Replica. */
export const QUANTITIES = { none: 0, loss: 1, energy: 2 } as const;

/** Of a replica in `flags`: no parameter of it went non-finite. */
export const NO_FLAG = 0xffff_ffff;

/** Numbers in a replica's summary before its layers' pairs of Q and the sum of s. */
export const SUMMARY_HEAD = 8;

const HEADER = /* wgsl */ `
struct Step { number: u32, mode: u32, index: u32, unused: u32 }

struct Layer {
  number: u32, units: u32, inputs: u32, isOutput: u32,
  // Places in a replica's parameters.
  weights: u32, bias: u32, logVariance: u32,
  // Of x_l and x_{l-1} in a replica's x, of eps_l in its errors.
  x: u32, below: u32, eps: u32,
  // Activation functions by number: phi of x_{l-1}, g of a_l, phi of x_l.
  phi: u32, g: u32, phiAbove: u32,
  // The first of the layer's tiles: of units, of units of hidden layers, of weights, of parameter vectors.
  unitTile: u32, hiddenTile: u32, weightTile: u32, weightColumns: u32, vectorTile: u32,
  unused0: u32, unused1: u32,
}

struct Plan {
  layerCount: u32, hasBias: u32, batch: u32, replicas: u32,
  // Numbers of one replica in each buffer.
  parameters: u32, moments: u32, x: u32, errors: u32, cache: u32,
  hiddenTiles: u32, weightTiles: u32, updatesPerMinibatch: u32,
  layers: array<Layer, ${MOST_LAYERS}>,
}

struct Replica {
  samples: u32, flags: u32, exampleSet: u32, optimiser: u32,
  steps: u32, updateEvery: u32, unused0: u32, unused1: u32,
  rate: f32, tolerance: f32, delta: f32, weightDecay: f32,
  varianceDecay: f32, floor: f32, inputScale: f32, inputOffset: f32,
  // What the kernels keep; zero at the start of every call.
  phase: u32, isUpdating: u32, isMeasuring: u32, wasMeasured: u32,
  updates: u32, updateIndex: u32, stepsTaken: u32, quantity: u32,
  layer: u32, divergedAt: u32, unused2: u32, unused3: u32,
  unused4: u32, unused5: u32, unused6: u32, unused7: u32,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<uniform> plan: Plan;

fn has(replica: Replica, flag: u32) -> bool { return (replica.flags & flag) != 0u; }

// By its bits: WGSL lets compilers take every number for finite.
fn isFinite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }

// Whether this dispatch is for a replica's activities and errors.
fn isWanted(replica: Replica) -> bool {
  if (!has(replica, ${FLAGS.participates}u)) { return false; }
  if (step.mode == ${MODES.look}u) { return true; }
  let goesOn = replica.phase == ${PHASES.stepping}u && step.number <= replica.steps;
  return goesOn && (step.mode == ${MODES.step}u || replica.isUpdating == 1u);
}
`;

/** The whole module of a kernel. */
export const sourceOf = ({ buffers, declarations = "", body }: Kernel): string => `${HEADER}
${buffers
  .map(
    ([name, access], binding) =>
      `@group(1) @binding(${binding}) var<storage, ${access}> ${name}: array<${BUFFER_TYPES[name]}>;`,
  )
  .join("\n")}
${declarations}
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(num_workgroups) groups: vec3u) {
${body}
}
`;
