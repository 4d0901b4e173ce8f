import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv6 } from "node:net";
import { HostError } from "./host-session.ts";

/**
 * Addresses that the operator may connect to: CIDRs, single addresses and host names, set by the person who runs it. A
 * listed host name is trusted with whatever it resolves to; every other name must resolve to listed addresses.
 */
export type AddressPolicy = "Any" | readonly string[];

const accepted = "CIDR blocks, IP addresses and host names, or only Any for every address";

/**
 * The policy that the person who runs the operator has set. Throws a RangeError with the accepted values if there are
 * no entries, or if `Any` is combined with others: such a list would limit nothing.
 */
export function readAddressPolicy(entries: readonly string[]): AddressPolicy {
  if (entries.length === 0) throw new RangeError(`is missing; it must be ${accepted}`);
  const [first] = entries;
  if (first === "Any" && entries.length === 1) return "Any";
  const any = entries.find((entry) => entry.toLowerCase() === "any");
  if (any !== undefined) throw new RangeError(`is ${JSON.stringify(entries.join(","))}; it must be ${accepted}`);
  createAddressGate(entries);
  return entries;
}

/** Looks up a host name; rejects if it has no address. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** The system's resolver. */
export const resolveHost: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Returns the addresses of a host that may be used. The caller connects to these, and never resolves the name again.
 */
export type AddressGate = (host: string) => Promise<readonly string[]>;

/** Throws a RangeError that names the entry if the list cannot be parsed. */
export function createAddressGate(policy: AddressPolicy, resolve: Resolve = resolveHost): AddressGate {
  const addresses = async (host: string) => {
    if (isIP(host) !== 0) return [host];
    try {
      return await resolve(host);
    } catch (cause) {
      throw new HostError("Unreachable", `${host} cannot be resolved: ${messageOf(cause)}`, { started: false, cause });
    }
  };
  if (policy === "Any") return addresses;

  const names = new Set<string>();
  const networks = new BlockList();
  for (const entry of policy) addEntry(entry, names, networks);

  return async (host) => {
    const found = await addresses(host);
    if (names.has(host.toLowerCase())) return found;
    const allowed = found.filter((address) => networks.check(address, isIPv6(address) ? "ipv6" : "ipv4"));
    if (allowed.length > 0) return allowed;
    const where = isIP(host) === 0 ? `${host} (${found.join(", ")})` : host;
    throw new HostError("AddressNotAllowed", `${where} is not in the operator's list of allowed addresses`, {
      started: false,
    });
  };
}

function addEntry(entry: string, names: Set<string>, networks: BlockList): void {
  const [address = "", bits, ...rest] = entry.split("/");
  const family = isIP(address);
  const max = family === 6 ? 128 : 32;
  if (family === 0) {
    if (
      bits === undefined &&
      /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$/.test(
        address,
      ) &&
      !/^[0-9.]+$/.test(address)
    ) {
      names.add(address.toLowerCase());
      return;
    }
  } else if (rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= max))) {
    networks.addSubnet(address, bits === undefined ? max : Number(bits), family === 6 ? "ipv6" : "ipv4");
    return;
  }
  throw new RangeError(`has ${JSON.stringify(entry)}, which is neither a CIDR block nor an IP address nor a host name`);
}

/** The message of an error or of any other thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
