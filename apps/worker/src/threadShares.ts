/** How the runs of a worker share its cores: a lone run gets all of them, several get equal parts. */

/**
 * Threads of each of `running` runs, the earliest first: equal shares, what is left over to the earliest, and no run
 * without a thread.
 */
export const shareThreads = (threads: number, running: number): number[] =>
  Array.from({ length: running }, (_, place) => {
    const share = Math.floor(threads / running) + (place < threads % running ? 1 : 0);
    return Math.max(1, share);
  });

export interface ThreadShares {
  /**
   * A run begins: `onShare` is called at once with its threads, and again whenever another run that begins or ends
   * changes them. Returns the function that says that it has ended.
   */
  join(onShare: (threads: number) => void): () => void;
}

interface Member {
  threads: number;
  onShare: (threads: number) => void;
}

export const createThreadShares = (total: number): ThreadShares => {
  let members: Member[] = [];

  const shareOut = (): void => {
    const shares = shareThreads(total, members.length);
    members.forEach((member, place) => {
      const threads = shares[place] ?? 1;
      if (member.threads === threads) return;
      member.threads = threads;
      member.onShare(threads);
    });
  };

  return {
    join: (onShare) => {
      const member: Member = { threads: 0, onShare };
      members.push(member);
      shareOut();
      return () => {
        if (!members.includes(member)) return;
        members = members.filter((other) => other !== member);
        shareOut();
      };
    },
  };
};
