import { afterAll, beforeAll, expect, it } from "vitest";
import type { Rack } from "../../../../src/sim/rack.ts";
import { onHosts } from "../ground.ts";
import { nothing, openTerminal, type Terminal, typedBy } from "./recipes.ts";

let terminal: Terminal;
beforeAll(async () => {
  terminal = await openTerminal();
});
afterAll(() => terminal?.ground.stop());

const runningOn = (rack: Rack, host: string) => rack.xen.domains(host).some(({ name }) => name === "vm-test");

it("the commands of docs/how-to wait for Ready, a migration, a drain and a deletion; delete objects and a namespace", async () => {
  const { ground, follow } = terminal;
  const { kubectl } = ground;
  const [waiting] = typedBy["with-operator"]["wait-until-ready.md"];
  const [oneObject, blocked, namespace] = typedBy["with-operator"]["delete.md"];
  const { rack } = await terminal.begin();
  const waits = await follow("wait-until-ready.md", waiting);
  expect(waits.join("")).toMatch(/xenhost\.xensan\.dev\/bella condition met/);
  expect([runningOn(rack, "bella"), runningOn(rack, "brutus")]).toEqual([false, true]);

  await ground.again();
  await kubectl("-n", "san", "wait", "--for=condition=Ready", "aoevolume/scratch", "--timeout=120s");
  await follow("delete.md", oneObject);
  expect(onHosts(rack)).toEqual(nothing);

  await ground.again();
  await kubectl("-n", "san", "wait", "--for=condition=Ready", "xensan", "--all", "--timeout=180s");
  await kubectl("-n", "san", "delete", "ocfs2cluster", "xen", "--wait=false");
  const reason = 'jsonpath={.status.conditions[?(@.type=="DeletionBlocked")].reason}';
  await kubectl("-n", "san", "wait", `--for=${reason}=FilesystemInUse`, "ocfs2cluster/xen", "--timeout=60s");
  const [table, why] = await follow("delete.md", blocked);
  expect(table).toMatch(/^Ocfs2Cluster +xen +.*vm-test[.]img/m);
  expect(why).toMatch(/vm-test[.]img/);
  await follow("delete.md", namespace);
  expect(onHosts(rack)).toEqual(nothing);
}, 600_000);
