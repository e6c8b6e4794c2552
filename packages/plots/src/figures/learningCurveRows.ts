/** The numbers of a learning curve: mean and spread over seeds, epoch by epoch. */
import { type Maybe, type Summary, isNumber, summarise } from "../statistics.js";

export interface EpochPoint {
  epoch: number;
  /** Share of test images classified rightly, 0..1. */
  testAccuracy: Maybe;
  trainLoss: Maybe;
  testLoss: Maybe;
}

export interface LearningCurve {
  name: string;
  seeds: readonly { points: readonly EpochPoint[] }[];
}

export interface Row {
  epoch: number;
  /** Per cent. */
  testAccuracy: Summary | null;
  trainLoss: Summary | null;
  testLoss: Summary | null;
}

/** Over the seeds that reached an epoch; an epoch without any value stays, as a gap in the lines. */
export const rowsOf = (seeds: LearningCurve["seeds"]): Row[] => {
  const points = seeds.flatMap((seed) => seed.points);
  const epochs = [...new Set(points.map(({ epoch }) => epoch))].filter(isNumber);
  return epochs
    .sort((a, b) => a - b)
    .map((epoch) => {
      const here = points.filter((point) => point.epoch === epoch);
      return {
        epoch,
        testAccuracy: summarise(
          here.map(({ testAccuracy }) => (isNumber(testAccuracy) ? testAccuracy * 100 : null)),
        ),
        trainLoss: summarise(here.map(({ trainLoss }) => trainLoss)),
        testLoss: summarise(here.map(({ testLoss }) => testLoss)),
      };
    });
};

export const hasValue = ({ testAccuracy, trainLoss, testLoss }: Row): boolean =>
  [testAccuracy, trainLoss, testLoss].some((summary) => summary !== null);

/** All that the loss axis has to reach. */
export const lossValues = ({ trainLoss, testLoss }: Row): Maybe[] =>
  [trainLoss, testLoss].flatMap((loss) => [loss?.mean, loss?.low, loss?.high]);

/** A row as the marks read it: each metric by its name, with Low and High for its band; null is a gap. */
export const plotted = (
  { epoch, testAccuracy, trainLoss, testLoss }: Row,
  isLogLoss: boolean,
): Record<string, number | null> => ({
  epoch,
  ...fields("testAccuracy", testAccuracy, false),
  ...fields("trainLoss", trainLoss, isLogLoss),
  ...fields("testLoss", testLoss, isLogLoss),
});

/** A log axis has no place for what is not above 0: a mean of 0 is a gap, a band's lower end the mean itself. */
const fields = (name: string, summary: Summary | null, isLog: boolean) => {
  const shown = summary !== null && (!isLog || summary.mean > 0) ? summary : null;
  const low = shown !== null && isLog && shown.low <= 0 ? shown.mean : shown?.low;
  return {
    [name]: shown?.mean ?? null,
    [`${name}Low`]: low ?? null,
    [`${name}High`]: shown?.high ?? null,
  };
};
