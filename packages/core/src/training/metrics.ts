/** Every metric the lab records, with its unit: the one list that the loop, the API and the figures share. */

export interface MetricDefinition {
  unit: string;
  /** `none`: one value. `only`: one value per layer. `also`: the total and one value per layer, under one name. */
  layers: "none" | "only" | "also";
  /** Depends on the machine and the moment, not on the spec and the seed: left out when runs are compared byte for byte. */
  clock: boolean;
  description: string;
}

const metric = (
  unit: string,
  description: string,
  flags: Partial<MetricDefinition> = {},
): MetricDefinition => ({
  unit,
  description,
  layers: "none",
  clock: false,
  ...flags,
});

const perLayer = { layers: "only" } as const;
const alsoPerLayer = { layers: "also" } as const;
const clock = { clock: true };

export const METRICS = {
  epoch: metric("epochs", "epochs of training data seen"),
  weight_updates: metric("updates", "weight updates done"),
  train_loss: metric(
    "per sample",
    "1/2 |y - yhat|^2 of forward passes before each update, mean since the last evaluation",
  ),
  train_accuracy: metric(
    "0..1",
    "share of training samples classified rightly before each update, since the last evaluation",
  ),
  validation_loss: metric("per sample", "1/2 |y - yhat|^2 on the validation images"),
  validation_accuracy: metric("0..1", "share of validation images classified rightly"),
  test_loss: metric(
    "per sample",
    "1/2 |y - yhat|^2 on the test images; reported, never selected on",
  ),
  test_accuracy: metric(
    "0..1",
    "share of test images classified rightly; reported, never selected on",
  ),
  quadratic_energy: metric(
    "per sample",
    "Q at the end of inference, mean since the last evaluation",
    alsoPerLayer,
  ),
  energy: metric(
    "per sample",
    "E = Q + 1/2 sum (s + ln 2 pi) at the end of inference, mean since the last evaluation",
    alsoPerLayer,
  ),
  inference_residual_mean: metric(
    "norm",
    "|dE/dx| over the hidden activities at the end of inference, mean over samples",
  ),
  inference_residual_max: metric(
    "norm",
    "the same, the largest over samples since the last evaluation",
  ),
  inference_steps: metric(
    "steps",
    "activity steps taken a minibatch, mean since the last evaluation",
  ),
  condition_1_share: metric("0..1", "share of samples with |yhat - y| < condition_1_delta"),
  weight_movement: metric("ratio", "|theta - theta_0| / |theta_0| of one layer", perLayer),
  variance_mean: metric("variance", "mean of Sigma over one layer's units", perLayer),
  variance_min: metric("variance", "smallest Sigma of one layer", perLayer),
  variance_max: metric("variance", "largest Sigma of one layer", perLayer),
  images_per_second: metric("images/s", "training speed since the last evaluation", clock),
  train_seconds: metric("s", "training alone, evaluation excluded", clock),
  thread_seconds: metric("s", "threads that the run was given times seconds of training", clock),
  wall_seconds: metric("s", "since the run first started training, evaluation included", clock),
  slot_seconds: metric("s", "worker slots held times seconds", clock),
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

/** The columns that may differ between two runs of one spec: named once, here. */
export const CLOCK_METRICS: readonly MetricName[] = METRIC_NAMES.filter(
  (name) => METRICS[name].clock,
);
