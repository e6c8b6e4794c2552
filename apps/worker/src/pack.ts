/**
 * A pack seen from its supervisor: one child that trains several runs. It gathers members while the process starts, at
 * least for a moment after the last that came, and then begins. Each member keeps its attempt, which ends by itself: its place here is a RunProcess.
 */
import type { Logger } from "pino";
import type { FromPack, ToRun, TrainMessage } from "./messages.js";
import type { RunProcess, RunProcessOptions } from "./runProcess.js";
import { type TrainingChild, type UnexpectedEnd, startTrainingChild } from "./trainingChild.js";

/** The dispatcher hands out what is free in one round, and a claim takes some ten milliseconds. */
const GATHER_MS = 200;

/** A member that leaves waits for the minibatch of the pack; a child that does not confirm by then is killed. */
const LEAVE_GRACE_MS = 10_000;

interface Member {
  train: TrainMessage;
  options: RunProcessOptions;
  /** What was sent before the pack began. */
  early: ToRun[];
  /** Its attempt wants nothing more of it. */
  isLeaving: boolean;
  left: Promise<void>;
  setLeft: () => void;
  hasLeft: boolean;
}

export interface PackOptions {
  /** Members at most. */
  most: number;
  mostThreads: number;
  /** Called once, when nobody can join any more. */
  onClosed: () => void;
  logger: Logger;
}

export class Pack {
  readonly #options: PackOptions;
  /** In the order of the message that begins it; those that left before are not among them. */
  #members: Member[] = [];
  #process: Promise<TrainingChild> | null = null;
  #child: TrainingChild | null = null;
  #isClosed = false;
  #hasBegun = false;
  /** Since the last that came. */
  #quiet: NodeJS.Timeout | undefined;
  #isQuiet = false;
  #isReady = false;

  constructor(options: PackOptions) {
    this.#options = options;
  }

  async join(train: TrainMessage, options: RunProcessOptions): Promise<RunProcess> {
    if (this.#isClosed) throw new Error("the pack gathers no longer");
    const member = memberOf(train, options);
    this.#members.push(member);
    this.#isQuiet = false;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#isQuiet = true;
      this.#closeInTime();
    }, GATHER_MS);
    if (this.#present.length === this.#options.most) this.#close();
    this.#process ??= this.#start();
    try {
      await this.#process;
    } catch (error) {
      // No process, no pack: whoever comes next begins another.
      this.#close();
      throw error;
    }
    return {
      send: (message) => this.#send(member, message),
      kill: () => this.#leave(member, (child) => child.kill()),
      stop: (graceMs) => this.#leave(member, (child) => child.stop(graceMs)),
    };
  }

  async #start(): Promise<TrainingChild> {
    const child = await startTrainingChild<FromPack>({
      onMessage: (message) => this.#onMessage(message),
      onLine: (line) => {
        for (const { options } of this.#present) options.onLine(line);
      },
      onUnexpectedEnd: (end) => this.#onEnd(endOfPack(end, this.#members.length)),
    });
    this.#child = child;
    if (this.#isClosed) this.#begin(child);
    void child.ready.then(() => {
      this.#isReady = true;
      this.#closeInTime();
    });
    return child;
  }

  #closeInTime(): void {
    if (this.#isQuiet && this.#isReady) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#quiet);
    this.#options.onClosed();
    if (this.#child !== null) this.#begin(this.#child);
  }

  #begin(child: TrainingChild): void {
    this.#members = this.#present;
    this.#hasBegun = true;
    if (this.#members.length === 0) return;
    this.#options.logger.info({ runs: this.#members.length }, "a pack begins");
    const { mostThreads } = this.#options;
    const members = this.#members.map(({ train }) => train);
    child.send({ type: "pack", members, mostThreads });
    for (const member of this.#members) {
      for (const message of member.early) this.#send(member, message);
    }
  }

  #send(member: Member, message: ToRun): void {
    if (!this.#hasBegun) {
      member.early.push(message);
      return;
    }
    if (member.isLeaving || member.hasLeft) return;
    this.#child?.send({ type: "to_member", member: this.#members.indexOf(member), message });
  }

  #onMessage(message: FromPack): void {
    const member = this.#members[message.member];
    if (member === undefined) throw new Error(`a pack's child told of a member ${message.member}`);
    if (message.type === "from_member") {
      if (!member.isLeaving) member.options.onMessage(message.message);
      return;
    }
    member.hasLeft = true;
    member.setLeft();
    if (this.#members.every(({ hasLeft }) => hasLeft)) void this.#child?.kill();
  }

  /** The last of a pack takes its process along. Of the others each waits until the child has let go of it. */
  async #leave(member: Member, end: (child: TrainingChild) => Promise<void>): Promise<void> {
    const wasLeaving = member.isLeaving;
    member.isLeaving = true;
    // The child never heard of it.
    if (!this.#hasBegun) member.hasLeft = true;
    if (this.#present.length === 0) {
      // Closed first, so that nobody joins a process that goes.
      this.#close();
      if (this.#child !== null) await end(this.#child);
      for (const { setLeft } of this.#members) setLeft();
      return;
    }
    if (member.hasLeft) return;
    if (!wasLeaving) {
      const index = this.#members.indexOf(member);
      this.#child?.send({ type: "to_member", member: index, message: { type: "leave" } });
    }
    const timeout = setTimeout(() => void this.#giveUp(), LEAVE_GRACE_MS);
    await member.left;
    clearTimeout(timeout);
  }

  async #giveUp(): Promise<void> {
    this.#options.logger.warn("a pack's child did not let a member go; it is killed");
    await this.#child?.kill();
    const detail = "another run of its pack was to end, and the training process did not answer";
    this.#onEnd({ type: "handed_back", detail });
  }

  #onEnd(end: Parameters<RunProcessOptions["onUnexpectedEnd"]>[0]): void {
    this.#close();
    for (const { options } of this.#present) options.onUnexpectedEnd(end);
    for (const member of this.#members) {
      member.hasLeft = true;
      member.setLeft();
    }
  }

  /** Those whose attempts still want something of it. */
  get #present(): Member[] {
    return this.#members.filter(({ isLeaving, hasLeft }) => !isLeaving && !hasLeft);
  }
}

const memberOf = (train: TrainMessage, options: RunProcessOptions): Member => {
  let setLeft = (): void => undefined;
  const left = new Promise<void>((resolve) => {
    setLeft = resolve;
  });
  return { train, options, early: [], isLeaving: false, left, setLeft, hasLeft: false };
};

/** Want of memory is a fault of a run that was alone. In a pack it may be another's: each is tried alone. */
const endOfPack = (end: UnexpectedEnd, runs: number): UnexpectedEnd =>
  runs < 2
    ? end
    : {
        type: "crashed",
        detail: `${end.detail}; it trained ${runs} runs, each is now tried alone`,
      };
