/** A binary heap: the first of its items by `isBefore`, found and replaced in logarithmic time. */
export class Heap<Item> {
  readonly #items: Item[] = [];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  constructor(isBefore: (a: Item, b: Item) => boolean, items: Iterable<Item> = []) {
    this.#isBefore = isBefore;
    this.#items.push(...items);
    for (let index = (this.#items.length >> 1) - 1; index >= 0; index--) this.#sink(index);
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1);
  }

  pop(): Item | undefined {
    const [first] = this.#items;
    const last = this.#items.pop();
    if (first !== undefined && last !== undefined && this.#items.length > 0) {
      this.#items[0] = last;
      this.#sink(0);
    }
    return first;
  }

  /** To be called when the first item's place may have changed. */
  firstChanged(): void {
    this.#sink(0);
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const child = right < this.#items.length && this.#at(right, left) ? right : left;
      if (child >= this.#items.length || !this.#swapIfBefore(child, index)) return;
      index = child;
    }
  }

  #at(a: number, b: number): boolean {
    return this.#isBefore(this.#items[a], this.#items[b]);
  }

  #swapIfBefore(a: number, b: number): boolean {
    if (!this.#at(a, b)) return false;
    const item = this.#items[a];
    this.#items[a] = this.#items[b];
    this.#items[b] = item;
    return true;
  }
}
