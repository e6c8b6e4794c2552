/**
 * One engine of R replicas for R members that each train as if they had one of their own. A member's minibatch waits
 * until every member that has not left has brought one; the engine then trains all of them in one call. A member that
 * evaluates or writes a checkpoint is waited for: the same device does that work, and members of equal length would
 * otherwise fall out of step and train one by one. Whoever leaves is waited for no longer.
 *
 * The engine gets one call at a time. What a replica computes depends on its own calls and their order alone, so that
 * each member ends with the bytes it would have alone, however the members interleave.
 */
import type {
  Engine,
  EngineFactory,
  EngineOptions,
  Minibatch,
  MinibatchReport,
} from "../engine/engine.js";
import { PackError, PackLeftError } from "./packError.js";

interface Submission {
  minibatch: Minibatch;
  resolve: (report: MinibatchReport | null) => void;
  reject: (error: Error) => void;
}

interface Seat {
  hasLeft: boolean;
  threads: number;
  /** What the member has brought and the engine has not begun. */
  submission: Submission | null;
}

export class SharedEngine {
  readonly #factory: EngineFactory;
  readonly #options: EngineOptions;
  readonly #mostThreads: number;
  readonly #seats: Seat[];
  #engine: Promise<Engine> | null = null;
  /** Ends with the call before. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param mostThreads the engine gets no more, however the parts of the members add up */
  constructor(
    factory: EngineFactory,
    { mostThreads, ...options }: EngineOptions & { mostThreads: number },
  ) {
    this.#factory = factory;
    this.#mostThreads = mostThreads;
    this.#options = options;
    this.#seats = options.replicas.map(() => ({ hasLeft: false, threads: 1, submission: null }));
  }

  /**
   * The engine, made for all members when the first asks.
   *
   * @throws PackError when it cannot be made; PackLeftError for a member that has left
   */
  async open(replica: number): Promise<Engine> {
    this.#seatOf(replica);
    this.#engine ??= this.#factory.create(this.#options);
    try {
      return await this.#engine;
    } catch (error) {
      throw new PackError(error);
    }
  }

  setThreads(replica: number, count: number): void {
    this.#seatOf(replica).threads = count;
  }

  /**
   * @throws PackError when the step that the members share fails; PackLeftError when the member leaves before its
   *   minibatch has begun
   */
  trainMinibatch(replica: number, minibatch: Minibatch): Promise<MinibatchReport | null> {
    return new Promise((resolve, reject) => {
      this.#seatOf(replica).submission = { minibatch, resolve, reject };
      this.#trainOnceAllAreHere();
    });
  }

  /** A call for one replica alone, in its turn. */
  async call<T>(replica: number, work: (engine: Engine) => Promise<T>): Promise<T> {
    this.#seatOf(replica);
    return this.#next(async (engine) => {
      this.#seatOf(replica);
      return work(engine);
    });
  }

  /** Idempotent. With the last member the engine goes; a call that has begun ends first. */
  async leave(replica: number): Promise<void> {
    const seat = this.#seats[replica];
    if (!seat.hasLeft) {
      seat.hasLeft = true;
      seat.submission?.reject(new PackLeftError());
      seat.submission = null;
      this.#trainOnceAllAreHere();
    }
    if (this.#present.length === 0) await this.#dispose();
  }

  #trainOnceAllAreHere(): void {
    const present = this.#present;
    if (present.length === 0 || present.some(({ submission }) => submission === null)) return;
    const submissions = this.#seats.map(({ submission }) => submission);
    for (const seat of this.#seats) seat.submission = null;
    void this.#train(submissions);
  }

  async #train(submissions: readonly (Submission | null)[]): Promise<void> {
    const minibatches = submissions.map((one) => one?.minibatch ?? null);
    try {
      const reports = await this.#next((engine) => engine.trainMinibatch(minibatches));
      submissions.forEach((one, replica) => one?.resolve(reports[replica]));
    } catch (error) {
      for (const one of submissions) one?.reject(new PackError(error));
    }
  }

  #next<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
    const opened = this.#engine;
    if (opened === null) throw new Error("the pack's engine was not opened");
    const mine = this.#last.then(async () => {
      const engine = await opened;
      engine.setThreads(this.#threads);
      return work(engine);
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #dispose(): Promise<void> {
    const opened = this.#engine;
    this.#engine = null;
    if (opened === null) return;
    await this.#last;
    // An engine that could not be made has told its members so.
    const engine = await opened.catch(() => null);
    await engine?.dispose();
  }

  /** Each member has its part of the cores, and the engine works for all of them. */
  get #threads(): number {
    const parts = this.#present.reduce((sum, { threads }) => sum + threads, 0);
    return Math.max(1, Math.min(parts, this.#mostThreads));
  }

  get #present(): Seat[] {
    return this.#seats.filter(({ hasLeft }) => !hasLeft);
  }

  #seatOf(replica: number): Seat {
    const seat = this.#seats[replica];
    if (seat.hasLeft) throw new PackLeftError();
    return seat;
  }
}
