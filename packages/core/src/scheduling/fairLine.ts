/**
 * Who comes next. The dispatcher, the forecast of start times and the tests' simulator run this same code.
 *
 * A decision orders by: class; users over their soft limit last; slots beyond the user's entitlement, by weight; slot-
 * seconds used with a half-life of 24 h, by weight; the user's own priority; round robin over the user's own sweeps; age.
 * The entitlement is the user's part of all slots, rounded up: below it the usage decides. Ordered by slots in use alone
 * two slots shared 3:1 by weight would be shared 1:1 (docs/decisions/0007-fair-sharing.md).
 */
import { Heap } from "./heap.js";
import { type LineGroup, type LineState, type LineUser, decayed } from "./line.js";
import { PRIORITY_CLASSES, type PriorityClass } from "./priorityClass.js";

interface Share {
  readonly user: LineUser;
  used: number;
  /** When `used` was right. */
  usedAt: number;
  inUse: number;
  waiting: number;
  readonly queues: Map<PriorityClass, Heap<LineGroup>>;
}

/** Who would be next of a user in a class. */
interface Candidate {
  share: Share;
  group: LineGroup;
  keys: readonly number[];
}

export class FairLine {
  readonly #totalSlots: number;
  readonly #shares = new Map<string, Share>();
  /** Starts so far, and by group which its last one was: in turn within one moment too. */
  #starts = 0;
  readonly #lastStarts = new Map<string, number>();
  #busySlots = 0;

  /** @param now of the state, in the seconds that the other calls are given */
  constructor({ totalSlots, users, groups, running }: LineState, now = 0) {
    this.#totalSlots = totalSlots;
    for (const user of users) this.#add(user, now);
    for (const group of groups) this.submit({ ...group });
    for (const { userId, slots } of running) this.#hold(userId, slots, now);
  }

  get freeSlots(): number {
    return this.#totalSlots - this.#busySlots;
  }

  #add(user: LineUser, now: number): void {
    const queues = new Map(
      PRIORITY_CLASSES.map(
        (name) => [name, new Heap<LineGroup>((a, b) => this.#comesBefore(a, b))] as const,
      ),
    );
    this.#shares.set(user.id, {
      user,
      used: user.usedSlotSeconds,
      usedAt: now,
      inUse: 0,
      waiting: 0,
      queues,
    });
  }

  /** More work for the line, which the line then owns. */
  submit(group: LineGroup): void {
    if (group.waiting === 0) return;
    const share = this.#share(group.userId);
    share.waiting += group.waiting;
    share.queues.get(group.priorityClass)?.push(group);
  }

  /** Slot-seconds that a user has used by now. */
  usageOf(userId: string, now: number): number {
    const share = this.#share(userId);
    this.#advance(share, now);
    return share.used;
  }

  /** For a user whose work comes after an idle time: at least so much counts as used. */
  raiseUsage(userId: string, slotSeconds: number, now: number): void {
    const share = this.#share(userId);
    this.#advance(share, now);
    share.used = Math.max(share.used, slotSeconds);
  }

  slotsInUseOf(userId: string): number {
    return this.#share(userId).inUse;
  }

  /** The user's part of all slots among those who have work, rounded up. */
  entitlementOf(userId: string): number {
    const weights = this.#activeWeight();
    const { weight } = this.#share(userId).user;
    return weights === 0
      ? this.#totalSlots
      : Math.ceil((this.#totalSlots * weight) / weights - 1e-9);
  }

  /** The group to take the next item from, whether or not its slots are free; null when nothing may start. */
  next(now: number): LineGroup | null {
    const weights = this.#activeWeight();
    for (const priorityClass of PRIORITY_CLASSES) {
      let best: Candidate | null = null;
      for (const share of this.#shares.values()) {
        const group = share.queues.get(priorityClass)?.first;
        if (group === undefined || isOverHardLimit(share, group)) continue;
        this.#advance(share, now);
        const candidate = { share, group, keys: this.#keysOf(share, group, weights) };
        if (best === null || isFirst(candidate, best)) best = candidate;
      }
      if (best !== null) return best.group;
    }
    return null;
  }

  /** An item of the group that `next` gave takes its slots. */
  start(group: LineGroup, now: number): void {
    const share = this.#share(group.userId);
    const queue = share.queues.get(group.priorityClass);
    if (queue?.first !== group) throw new Error("start: the group is not the next of its user");
    this.#hold(group.userId, group.slotsEach, now);
    share.waiting -= 1;
    group.waiting -= 1;
    group.lastStartedAt = now;
    this.#starts += 1;
    this.#lastStarts.set(group.id, this.#starts);
    if (group.waiting === 0) queue.pop();
    else queue.firstChanged();
  }

  /** Slots are given back. */
  end(userId: string, slots: number, now: number): void {
    this.#hold(userId, -slots, now);
  }

  /** Of a user's own groups in a class. */
  #comesBefore(a: LineGroup, b: LineGroup): boolean {
    if (a.priority !== b.priority) return a.priority > b.priority;
    const [startedA, startedB] = [a.lastStartedAt ?? -Infinity, b.lastStartedAt ?? -Infinity];
    if (startedA !== startedB) return startedA < startedB;
    const [startA, startB] = [this.#lastStarts.get(a.id) ?? 0, this.#lastStarts.get(b.id) ?? 0];
    if (startA !== startB) return startA < startB;
    return a.queuedAt === b.queuedAt ? a.id < b.id : a.queuedAt < b.queuedAt;
  }

  #keysOf(share: Share, group: LineGroup, weights: number): number[] {
    const { weight, softLimit } = share.user;
    const after = share.inUse + group.slotsEach;
    const entitlement = Math.ceil((this.#totalSlots * weight) / weights - 1e-9);
    return [
      softLimit !== null && after > softLimit ? 1 : 0,
      // By one slot, however many it takes: a run that wants a whole worker would else come after all others.
      Math.max(0, share.inUse + 1 - entitlement) / weight,
      share.used / weight,
      group.queuedAt,
    ];
  }

  #activeWeight(): number {
    let sum = 0;
    for (const { user, waiting, inUse } of this.#shares.values()) {
      if (waiting > 0 || inUse > 0) sum += user.weight;
    }
    return sum;
  }

  #hold(userId: string, slots: number, now: number): void {
    const share = this.#share(userId);
    this.#advance(share, now);
    share.inUse += slots;
    this.#busySlots += slots;
  }

  /** Usage decays, and grows by the slots in use. */
  #advance(share: Share, now: number): void {
    const seconds = now - share.usedAt;
    if (seconds <= 0) return;
    share.used = decayed(share.used, seconds) + share.inUse * seconds;
    share.usedAt = now;
  }

  #share(userId: string): Share {
    const share = this.#shares.get(userId);
    if (share === undefined) throw new Error(`FairLine: no user ${userId}`);
    return share;
  }
}

const isOverHardLimit = ({ user, inUse }: Share, { slotsEach }: LineGroup): boolean =>
  user.hardLimit !== null && inUse + slotsEach > user.hardLimit;

const isFirst = (a: Candidate, b: Candidate): boolean => {
  for (const [place, key] of a.keys.entries()) {
    const other = b.keys[place] ?? 0;
    if (key !== other) return key < other;
  }
  return a.group.id < b.group.id;
};
