/** One wrong edit of the sources, which the named tests must notice. */
export interface Fault {
  /** What is broken, as a researcher would say it. */
  name: string;
  /** Relative to the repository's root, as all paths here. */
  file: string;
  /** Occurs in the file exactly once. */
  find: string;
  replace: string;
  /** Test files; at least one of their tests must fail. */
  tests: readonly string[];
}

/** @throws Error when the fault no longer fits the source: it must be moved along with the code it is about */
export const applyFault = (source: string, { name, file, find, replace }: Fault): string => {
  const occurrences = source.split(find).length - 1;
  if (occurrences !== 1) {
    throw new Error(
      `fault "${name}": its text occurs ${occurrences} times in ${file}, once expected; adapt it to the source`,
    );
  }
  // A function, since a replacement string would give $ a meaning.
  return source.replace(find, () => replace);
};
