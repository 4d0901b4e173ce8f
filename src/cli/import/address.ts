import { isIPv6 } from "node:net";
import { UsageError } from "../command.ts";

/** Address and login of a host. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/**
 * Parses `[USER@]HOST[:PORT]`, with brackets around an IPv6 address that has a port; defaults are root and 22. Throws a
 * UsageError.
 */
export function parseAddress(flag: string, text: string): Address {
  const [, user = "root", place = ""] = /^(?:([^@]*)@)?(.*)$/.exec(text) ?? [];
  const bracket = /^\[([^\]]*)\](?::([0-9]+))?$/.exec(place);
  const [, host = "", port = "22"] =
    bracket ?? (isIPv6(place) ? ["", place, "22"] : (/^([A-Za-z0-9.-]+)(?::([0-9]+))?$/.exec(place) ?? []));
  const fine = host !== "" && (bracket === null || isIPv6(host)) && /^[a-z_][a-z0-9_-]{0,31}$/.test(user);
  if (!fine || !(Number(port) >= 1 && Number(port) <= 65_535)) {
    throw new UsageError(`--${flag} is ${JSON.stringify(text)}; it must be [USER@]HOST[:PORT], like root@10.0.0.1`);
  }
  return { host, port: Number(port), user };
}

/** The address as a person writes it. */
export function addressText({ host, port, user }: Address): string {
  const place = port === 22 ? host : `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return `${user}@${place}`;
}

/** `spec.ssh` of a host, with the keys by which it was just recognised. */
export function sshOf(address: Address, hostKeys: readonly string[], secret: string): Record<string, unknown> {
  return {
    host: address.host,
    ...(address.port === 22 ? {} : { port: address.port }),
    ...(address.user === "root" ? {} : { user: address.user, become: "Sudo" }),
    privateKeySecretRef: { name: secret },
    hostKeys: [...hostKeys],
  };
}
