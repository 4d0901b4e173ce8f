import type { AoeDevice, AoeDriver, Responder } from "./facts.ts";
import type { Rows } from "./parse-probe.ts";
import { parsePairs, required } from "./parse-system.ts";
import { field, macAddress, oneOf, plain, target, Unparseable, wholeNumber, words } from "./rows.ts";

export function parseAoeDriver(rows: Rows): AoeDriver {
  const values = parsePairs(rows);
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
    deadSeconds: /^[0-9]+$/.test(deadSeconds) ? Number(deadSeconds) : undefined,
  };
}

export function parseAoeDevices(rows: Rows): AoeDevice[] {
  const users = new Map<string, string[]>();
  const devices: (readonly string[])[] = [];
  for (const row of rows) {
    const kind = oneOf(field(row, 0, "a kind of row"), ["device", "user"], "the kind of row");
    if (kind === "device") devices.push(row);
    else {
      const name = field(row, 1, "a device");
      users.set(name, [...(users.get(name) ?? []), plain(field(row, 2, "a user"))]);
    }
  }
  return devices.map((row) => {
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
      payload: field(row, 5, "a payload") === "-" ? undefined : wholeNumber(row, 5, "the payload"),
      sizeBytes: wholeNumber(row, 6, "the size") * 512,
      users: users.get(name) ?? [],
    };
  });
}

/** Whatever a stranger on the wire sends is bounded here: a config string is at most 1024 bytes. */
export function parseResponders(rows: Rows): Responder[] {
  return rows.map((row) => {
    const config = plain(field(row, 2, "a config string"));
    if (config.length > 1024) throw new Unparseable(`a config string of ${config.length} bytes`);
    return { interface: field(row, 0, "an interface"), ...target(field(row, 1, "a target")), config };
  });
}
