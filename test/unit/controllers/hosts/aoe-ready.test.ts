import { expect, it } from "vitest";
import { xenHostSpecSchema } from "../../../../src/api/xen-host.ts";
import { clientProblem } from "../../../../src/controllers/hosts/aoe-ready.ts";
import { driver, facts, known } from "../facts.ts";

const spec = xenHostSpecSchema.parse({
  ssh: { host: "bella", privateKeySecretRef: { name: "key" } },
  aoe: { interfaces: ["eth1", "eth2"] },
});

const links = (...states: readonly ("up" | "down" | "no carrier")[]) =>
  facts({
    ...driver(60),
    tools: known(new Map(["aoe-discover", "aoe-revalidate"].map((tool) => [tool, `/usr/sbin/${tool}`]))),
    interfaces: known(
      states.map((state, number) => ({
        ...{ name: `eth${number + 1}`, mac: "52:54:00:99:01:10", mtu: 9000 },
        ...{ adminUp: state !== "down", carrier: state === "up" },
      })),
    ),
  });

it.each([
  [links(), "Missing network interfaces: eth1, eth2; the host has none: correct spec.aoe.interfaces"],
  [links("up"), "Network interface eth2 does not exist; the host has eth1: correct spec.aoe.interfaces"],
  [links("down", "down"), "Network interfaces that are down: eth1, eth2"],
  [links("up", "down"), "Network interface eth2 is down"],
  [links("no carrier", "no carrier"), "No carrier on: eth1, eth2: check the cable and the switch"],
  [links("no carrier", "up"), "The aoe module uses eth1 instead of eth1, eth2"],
])("a client of two interfaces says which of them is wrong", (seen, message) => {
  expect(clientProblem(spec, seen)?.message).toBe(message);
});
