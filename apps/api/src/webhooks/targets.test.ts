import type { LookupAddress } from "node:dns";
import { describe, expect, test } from "vitest";
import { lookupAllowed, networkOf, refusedLiteral } from "./targets.js";

describe("the network of an address", () => {
  test.each([
    ["8.8.8.8", "public"],
    ["2001:db8::1", "public"],
    ["10.1.2.3", "private"],
    ["172.31.0.1", "private"],
    ["172.32.0.1", "public"],
    ["192.168.0.1", "private"],
    ["100.64.0.1", "private"],
    ["fd12::1", "private"],
    ["127.0.0.53", "loopback"],
    ["::1", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["169.254.169.254", null],
    ["::ffff:169.254.169.254", null],
    ["64:ff9b::a9fe:a9fe", null],
    ["2002:a9fe:a9fe::", null],
    ["fe80::1", null],
    ["fd00:ec2::254", null],
    ["100.100.100.200", null],
    ["168.63.129.16", null],
    ["0.0.0.0", null],
    ["::", null],
    ["224.0.0.1", null],
    ["ff02::1", null],
    ["255.255.255.255", null],
  ])("%s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

test("an address is refused however the URL writes it, and a name is left to the lookup", () => {
  const allowed = ["public"] as const;
  for (const url of [
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:7f00:1]/",
    "http://169.254.169.254/",
  ]) {
    expect(refusedLiteral(new URL(url), allowed), url).not.toBeNull();
  }
  expect(refusedLiteral(new URL("http://localhost/"), allowed)).toBeNull();
  expect(refusedLiteral(new URL("http://8.8.8.8/"), allowed)).toBeNull();
});

describe("a lookup", () => {
  const resolving = (...addresses: LookupAddress[]) =>
    ((_: string, __: object, callback: (error: null, all: LookupAddress[]) => void) =>
      callback(null, addresses)) as never;
  const look = (options: { all?: boolean }, ...addresses: LookupAddress[]) =>
    new Promise<unknown>((resolve) => {
      lookupAllowed(["public", "private"], resolving(...addresses))(
        "a.example",
        options,
        (error, found) => resolve(error === null ? found : error.message),
      );
    });
  const open = { address: "10.0.0.1", family: 4 };
  const metadata = { address: "169.254.169.254", family: 4 };

  test("answers what net.connect asks for: all addresses, or one", async () => {
    expect(await look({ all: true }, open)).toEqual([open]);
    expect(await look({}, open)).toBe("10.0.0.1");
  });

  test("of a name with one refused address is refused, whatever the others are", async () => {
    expect(await look({ all: true }, open, metadata)).toContain("never go to");
    expect(await look({}, { address: "127.0.0.1", family: 4 })).toContain("PCLAB_WEBHOOK_NETWORKS");
  });
});
