import type { AoeDevice, AoeDriver, Responder } from "./facts.ts";
import { macAddress } from "./identities.ts";
import { parsePairs, required } from "./parse-system.ts";
import type { Rows } from "./probe-sections.ts";
import { each, field, int32, type Lost, oneOf, plain, sectors, target, Unparseable, words } from "./rows.ts";

/** Section `aoe` of the probe: the module, its parameters, dead time in seconds. */
export function parseAoeDriver(rows: Rows, lost: Lost): AoeDriver {
  const values = parsePairs(rows, lost);
  const deadSeconds = values.get("deadsecs") ?? "";
  return {
    kernelConfig: oneOf(
      required(values, "kernel-config"),
      ["Module", "BuiltIn", "Missing", "Unknown"],
      "kernel-config",
    ),
    loaded: oneOf(required(values, "loaded"), ["yes", "no"], "loaded") === "yes",
    version: values.get("version") ?? "",
    interfaces: words(values.get("iflist") ?? ""),
    persistedInterfaces: words(values.get("persisted-iflist") ?? ""),
    persisted: oneOf(required(values, "persisted"), ["yes", "no"], "persisted") === "yes",
    deadSeconds: /^[0-9]{1,15}$/.test(deadSeconds) ? Number(deadSeconds) : undefined,
  };
}

/**
 * Section `aoe-devices` of the probe: the shelves and slots that the driver knows, and the users of each open device.
 */
export function parseAoeDevices(rows: Rows, lost: Lost): AoeDevice[] {
  const users = new Map<string, string[]>();
  const named = new Set<string>();
  const devices = each(rows, lost, (row) => {
    const kind = oneOf(field(row, 0, "a kind of row"), ["device", "user"], "the kind of row");
    const name = field(row, 1, "a device");
    if (kind === "device") {
      if (named.has(name)) throw new Unparseable(`the device ${name} has two rows`);
      named.add(name);
      return [row];
    }
    const user = plain(field(row, 2, "a user"));
    const known = users.get(name);
    if (known === undefined) users.set(name, [user]);
    else known.push(user);
    return [];
  }).flat();
  return each(devices, lost, (row) => {
    const name = field(row, 1, "a device");
    const [state = "", ...flags] = field(row, 2, "a state").split(",");
    const macs = field(row, 3, "MAC addresses");
    const interfaces = field(row, 4, "interfaces");
    return {
      ...target(name),
      up: oneOf(state, ["up", "down"], "the state") === "up",
      flags,
      macs: macs === "-" ? [] : words(macs).map(macAddress),
      interfaces: interfaces === "-" ? [] : words(interfaces),
      payload: field(row, 5, "a payload") === "-" ? undefined : int32(row, 5, "the payload"),
      sizeBytes: sectors(row, 6, "the size"),
      users: users.get(name) ?? [],
    };
  });
}

/**
 * An unknown host on the wire writes the config string, of at most 1024 bytes: it is shortened, and never makes the row
 * unreadable.
 */
export function parseResponders(rows: Rows, lost: Lost): Responder[] {
  return each(rows, lost, (row) => ({
    interface: field(row, 0, "an interface"),
    ...target(field(row, 1, "a target")),
    config: plain(field(row, 2, "a config string")).slice(0, 1024),
  }));
}
