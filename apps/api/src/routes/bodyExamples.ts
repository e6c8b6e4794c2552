/** What one may send: shown in the OpenAPI document and in its page, and held to the schemas by a test. */
export const BODY_EXAMPLES = {
  sweep: [
    {
      name: "width against accuracy",
      base: { dataset: "fashion-mnist", depth: 8, epochs: 10 },
      grid: { algorithm: ["bp", "pc", "pc_rc3"], width: [64, 256], seed: [0, 1, 2] },
    },
    { preset: "paper", scale: "smoke" },
    {
      base: { algorithm: "pc", width: 64 },
      tpe: { samples: 50, at_a_time: 4, learning_rate: { log_uniform: [1e-5, 1e-2] } },
      stop_early: { asha: { min_epochs: 1 } },
    },
  ],
  run: [{ algorithm: "pc_rc3", width: 256, inference: { method: "gauss_newton" }, seed: 1 }],
  clone: [{ seed: 2 }],
  sweepChanges: [{ shared: true, tags: ["paper"], notes: "for the group" }],
  runChanges: [{ tags: ["keep"], notes: "the one of Figure 3" }],
  analysis: [{ kind: "landscape", resolution: 51, range: 1, examples: 2000 }, { kind: "weights" }],
  user: [{ name: "ada", weight: 2, hard_limit: 8 }],
  userChanges: [{ disabled: true }],
  token: [{ name: "notebook", scope: "read", expires_in_days: 90 }],
  rotation: [{ overlap_seconds: 3600 }],
  webhook: [{ url: "https://lab.example/hooks/pclab", events: ["sweep.completed", "run.failed"] }],
  webhookChanges: [{ enabled: true }],
};
