/** What the fetcher makes of servers, connections and disks that fail. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultyFileServer } from "./faultyFileServer.js";
import { createFetchFixture, FILE, type FetchFixture, md5 } from "./fetchFixture.js";

let lab: FetchFixture;
beforeEach(async () => {
  lab = await createFetchFixture();
});
afterEach(() => lab.dispose());

describe("an interrupted download", () => {
  it("is continued after a cut connection, asking only for the bytes that are missing", async () => {
    lab.server.behave(FILE, { cutAfterBytes: 1000 }, { cutAfterBytes: 2000 });
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual([undefined, "bytes=1000-", "bytes=3000-"]);
    expect(lab.ofType("failed").map(({ error }) => error.code)).toEqual([
      "dataset_connection_lost",
      "dataset_connection_lost",
    ]);
    expect(lab.ofType("failed")[0]?.error.message).toContain(`${lab.server.url}${FILE}`);
  });

  it("is continued when the server ends early in good order", async () => {
    lab.server.behave(FILE, { endAfterBytes: 500 });
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual([undefined, "bytes=500-"]);
  });

  it("is continued from the .part of an earlier call", async () => {
    await mkdir(lab.folder, { recursive: true });
    await writeFile(join(lab.folder, `${FILE}.part`), lab.contents().subarray(0, 4321));
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual(["bytes=4321-"]);
  });

  it("leaves its .part for the next call when every source fails", async () => {
    lab.server.behave(FILE, { cutAfterBytes: 700 }, { status: 503 }, { status: 503 });
    lab.mirror.behave(FILE, { status: 404 });
    expect((await lab.fetchError()).code).toBe("dataset_download_failed");
    expect(await readdir(lab.folder)).toEqual([`${FILE}.part`]);
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server).at(-1)).toBe("bytes=700-");
  });

  it("starts anew where the server knows no ranges", async () => {
    lab.server.behave(FILE, { cutAfterBytes: 1000 }, "ignoreRange");
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual([undefined, "bytes=1000-"]);
  });

  it("starts anew where the server answers with another range", async () => {
    lab.server.behave(FILE, { cutAfterBytes: 1000 }, "wrongRange");
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual([undefined, "bytes=1000-", undefined]);
    expect(lab.ofType("failed")[1]?.error.expected).toContain("bytes 1000-");
  });

  it("starts anew from a .part that holds wrong bytes, at the same source", async () => {
    await mkdir(lab.folder, { recursive: true });
    await writeFile(join(lab.folder, `${FILE}.part`), Buffer.alloc(1000, 7));
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual(["bytes=1000-", undefined]);
    expect(lab.ofType("failed")[0]?.error.code).toBe("dataset_checksum_mismatch");
    expect(lab.mirror.requests).toEqual([]);
  });

  it("starts anew from a .part that is longer than the file", async () => {
    await mkdir(lab.folder, { recursive: true });
    await writeFile(join(lab.folder, `${FILE}.part`), Buffer.alloc(lab.contents().length + 1));
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual([undefined]);
  });

  it("needs no request where the .part was whole", async () => {
    await mkdir(lab.folder, { recursive: true });
    await writeFile(join(lab.folder, `${FILE}.part`), lab.contents());
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual([]);
  });
});

describe("a bad source gives way to the next one", () => {
  it("when it has no such file, at once", async () => {
    lab.server.behave(FILE, { status: 404 });
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toHaveLength(1);
    expect(lab.ranges(lab.mirror)).toEqual([undefined]);
    expect(lab.ofType("failed")[0]?.error).toMatchObject({
      code: "dataset_http_status",
      value: "status 404",
      expected: "200",
    });
  });

  it("when it is busy, after the attempts it is given, with growing pauses", async () => {
    lab.server.behave(FILE, { status: 503 }, { status: 503 }, { status: 503 });
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toHaveLength(3);
    expect(lab.ofType("failed").map(({ pauseMs }) => pauseMs)).toEqual([5, 10, 0]);
  });

  it("when its bytes have another MD5, and nothing of them stays", async () => {
    lab.server.behave(FILE, "wrongBytes");
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.mirror)).toEqual([undefined]);
    const { error } = lab.ofType("failed")[0] ?? {};
    expect(error?.code).toBe("dataset_checksum_mismatch");
    expect(error?.expected).toContain(md5(lab.contents()));
    expect(error?.value).toContain(md5(Buffer.from(lab.contents().map((byte) => 255 - byte))));
  });

  it.each([true, false])(
    "when its file is too long (said so by the server: %s)",
    async (declared) => {
      lab.server.behave(FILE, { appendedBytes: 5, declared });
      await lab.fetchIt();
      expect(await lab.isWhole()).toBe(true);
      expect(lab.ofType("failed")[0]?.error.code).toBe("dataset_wrong_size");
      expect(lab.ranges(lab.server)).toHaveLength(1);
    },
  );

  it("when nothing listens there, at once", async () => {
    const gone = await startFaultyFileServer(lab.published);
    await gone.close();
    await lab.fetchIt({ sources: [gone.url, lab.mirror.url] });
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ofType("failed")).toHaveLength(lab.published.size);
    expect(lab.ofType("failed")[0]?.error.value).toMatch(/no connection.*ECONNREFUSED/);
  });

  it("when it stalls in mid-file, and the mirror goes on from there", async () => {
    lab.server.behave(FILE, { stallAfterBytes: 800 });
    await lab.fetchIt({ limits: { stallTimeoutMs: 300, attemptsPerSource: 1, firstBackoffMs: 5 } });
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ofType("failed").map(({ error }) => error.code)).toEqual(["dataset_stalled"]);
    expect(lab.ranges(lab.mirror)).toEqual(["bytes=800-"]);
  });

  it("when it accepts the request and never answers", async () => {
    lab.server.behave(FILE, "neverAnswer");
    await lab.fetchIt({ limits: { stallTimeoutMs: 300, attemptsPerSource: 1, firstBackoffMs: 5 } });
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ofType("failed")[0]?.error.code).toBe("dataset_stalled");
  });
});

describe("when no source helps", () => {
  it("the error names each URL, what it gave, what was expected and the way out", async () => {
    lab.server.behave(FILE, { status: 403 });
    lab.mirror.behave(FILE, "wrongBytes");
    const error = await lab.fetchError();
    expect(error.code).toBe("dataset_download_failed");
    expect(error.message).toContain(`${lab.server.url}${FILE}: status 403 instead of 200`);
    expect(error.message).toContain(`${lab.mirror.url}${FILE}: MD5 `);
    expect(error.message).toContain(`instead of MD5 ${md5(lab.contents())}`);
    expect(error.message).toContain("PCLAB_DATASETS=<folder>");
    expect(await readdir(lab.folder)).toEqual([]);
  });

  it("a stop request ends the download at once and keeps what there is", async () => {
    lab.server.behave(FILE, { stallAfterBytes: 900 });
    const stop = new AbortController();
    const fetching = lab.fetchError({
      signal: stop.signal,
      onProgress: (event) => {
        if (event.type === "received" && event.receivedBytes === 900) stop.abort();
      },
    });
    expect((await fetching).code).toBe("dataset_download_aborted");
    expect(await readdir(lab.folder)).toEqual([`${FILE}.part`]);
    expect(lab.mirror.requests).toEqual([]);
  });

  it("a stop request ends the pause between two attempts, too", async () => {
    lab.server.behave(FILE, { status: 503 });
    const stop = new AbortController();
    const fetching = lab.fetchError({
      signal: stop.signal,
      limits: { attemptsPerSource: 2, firstBackoffMs: 3_600_000 },
      onProgress: (event) => event.type === "failed" && stop.abort(),
    });
    expect((await fetching).code).toBe("dataset_download_aborted");
  });

  it("a folder that cannot be made is the disk's failure, not the source's", async () => {
    await writeFile(lab.datasetsFolder, "a file where the folder should be");
    expect((await lab.fetchError()).code).toBe("dataset_unwritable");
    expect(lab.server.requests).toEqual([]);
  });
});
