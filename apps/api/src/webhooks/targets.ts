/**
 * Where the server may be sent to by whoever may make a webhook. It stands inside a network and could reach what its users
 * cannot, so the address that is connected to decides, not the name that was written.
 */
import { lookup } from "node:dns";
import { BlockList, type LookupFunction, isIP } from "node:net";

/** `loopback`: this machine; `private`: the networks of RFC 1918, RFC 6598 and RFC 4193; `public`: all others. */
export const TARGET_NETWORKS = ["public", "private", "loopback"] as const;
export type TargetNetwork = (typeof TARGET_NETWORKS)[number];

const listOf = (...subnets: [address: string, prefix: number][]): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of subnets) {
    list.addSubnet(address, prefix, isIP(address) === 4 ? "ipv4" : "ipv6");
  }
  return list;
};

/** No setting opens these: nobody's receiver is there, and cloud machines are told their credentials there. */
const NEVER = listOf(
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["::", 128],
  ["fe80::", 10],
  ["ff00::", 8],
  // Metadata services of Alibaba, Azure and Amazon outside the link-local networks.
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["fd00:ec2::254", 128],
  // 169.254.0.0/16 by way of NAT64 and 6to4.
  ["64:ff9b::a9fe:0", 112],
  ["2002:a9fe::", 32],
);
const LOOPBACK = listOf(["127.0.0.0", 8], ["::1", 128]);
const PRIVATE = listOf(
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["fc00::", 7],
);

/** IPv4 addresses written as IPv6 ones are the IPv4 addresses. */
const isIn = (list: BlockList, address: string): boolean =>
  list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");

/** Null for an address that no setting opens. */
export const networkOf = (address: string): TargetNetwork | null => {
  if (isIn(NEVER, address)) return null;
  if (isIn(LOOPBACK, address)) return "loopback";
  return isIn(PRIVATE, address) ? "private" : "public";
};

export class TargetRefusedError extends Error {
  override name = "TargetRefusedError";
}

const refuse = (address: string, allowed: readonly TargetNetwork[]): TargetRefusedError | null => {
  const network = networkOf(address);
  if (network !== null && allowed.includes(network)) return null;
  return new TargetRefusedError(
    network === null
      ? `${address} is an address that webhooks never go to (link-local, metadata, unspecified, multicast or reserved)`
      : `${address} is a ${network} address, and this lab sends webhooks to ${allowed.join(", ")} ones; its admin may set PCLAB_WEBHOOK_NETWORKS`,
  );
};

/** What is wrong with an address that the URL itself names; a host's name is judged when it is looked up. */
export const refusedLiteral = (
  url: URL,
  allowed: readonly TargetNetwork[],
): TargetRefusedError | null => {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? null : refuse(host, allowed);
};

/** A lookup for `net.connect`, which connects to what it answers: a name with one refused address is refused. */
export const lookupAllowed =
  (allowed: readonly TargetNetwork[], resolve: typeof lookup = lookup): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, [], 0);
        return;
      }
      const refused = addresses
        .map(({ address }) => refuse(address, allowed))
        .find((refusal) => refusal !== null);
      const [first] = addresses;
      if (refused !== undefined) callback(refused, [], 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? "", first?.family);
    });
  };
