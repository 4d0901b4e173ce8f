import { parseHolder } from "./addressee.ts";
import type { Identity, NetworkInterface, System } from "./facts.ts";
import { bootId, interfaceMac, machineId } from "./identities.ts";
import type { Rows } from "./probe-sections.ts";
import { each, field, int32, type Lost, oneOf, plain, shown, Unparseable } from "./rows.ts";

/** Section `identity` of the probe: host name, machine-id, boot id and the claims on the machine. */
export function parseIdentity(rows: Rows, lost: Lost): Identity {
  const values = parsePairs(rows, lost);
  return {
    hostname: required(values, "hostname"),
    machineId: ofForm(values, "machine-id", machineId, lost),
    bootId: ofForm(values, "boot-id", bootId, lost),
    claims: new Map(
      [...values].flatMap(([key, value]) =>
        key.startsWith("claim-") ? [[key.slice("claim-".length), parseHolder(value)]] : [],
      ),
    ),
  };
}

/** The value of a key that identifies something; undefined, and told, if it has not the form. */
function ofForm(
  values: ReadonlyMap<string, string>,
  key: string,
  form: (text: string) => string,
  lost: Lost,
): string | undefined {
  const rows = [...values].filter(([name]) => name === key);
  return each(rows, lost, ([, value = ""]) => form(value))[0];
}

/** Section `system` of the probe: distribution, kernel, init and package manager. */
export function parseSystem(rows: Rows, lost: Lost): System {
  const values = parsePairs(rows, lost);
  return {
    os: required(values, "os"),
    osId: required(values, "os-id"),
    kernel: required(values, "kernel"),
    init: oneOf(required(values, "init"), ["systemd", "sysvinit", "other"], "init"),
    packageManager: oneOf(required(values, "package-manager"), ["apt", "none"], "package-manager"),
    ...(values.get("going-down") === "yes" ? { goingDown: true } : {}),
  };
}

/** Rows of key and value. */
export function parsePairs(rows: Rows, lost: Lost): ReadonlyMap<string, string> {
  return new Map(each(rows, lost, (row) => [field(row, 0, "a key"), plain(field(row, 1, "a value"))]));
}

/** The value of a key that every host reports; throws Unparseable if it is missing or empty. */
export function required(values: ReadonlyMap<string, string>, key: string): string {
  const value = values.get(key);
  if (value === undefined || value === "") throw new Unparseable(`no ${key}`);
  return value;
}

/** Section `interfaces` of the probe, from /sys/class/net: MAC, MTU in bytes, flags, carrier, bridge or bond. */
export function parseInterfaces(rows: Rows, lost: Lost): NetworkInterface[] {
  return each(rows, lost, (row) => {
    const flags = field(row, 3, "flags");
    if (!/^0x[0-9a-f]+$/i.test(flags)) throw new Unparseable(`flags are ${shown(flags)}`);
    const carrier = oneOf(field(row, 4, "carrier"), ["0", "1", "-"], "carrier");
    return {
      name: interfaceName(row),
      mac: interfaceMac(field(row, 1, "a MAC address")),
      mtu: int32(row, 2, "the MTU"),
      // IFF_UP
      adminUp: (Number.parseInt(flags, 16) & 1) === 1,
      carrier: carrier === "-" ? undefined : carrier === "1",
      ...(row[5] === undefined || row[5] === "" ? {} : { master: plain(row[5]) }),
    };
  });
}

/** IFNAMSIZ allows 15 bytes, without blanks and slashes. */
function interfaceName(row: readonly string[]): string {
  const name = field(row, 0, "a name");
  if (!/^[^\s/]{1,15}$/.test(name)) throw new Unparseable(`${shown(name)} is not the name of a network interface`);
  return name;
}
