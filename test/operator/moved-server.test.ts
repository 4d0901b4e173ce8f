import { expect, it } from "vitest";
import { directHostKey } from "../../src/sim/dialer.ts";
import { aoeServer, aoeVolume, at, file, xenHost } from "../simulation/scenarios/objects.ts";
import { eventually, exportsOf, minutes, rig, volumeReady, word } from "./rig.ts";

it("an AoeServer that becomes another machine starts no second export while the first one answers", async () => {
  const hostKeys = [directHostKey("san"), directHostKey("oldie")];
  const ssh = { host: "127.0.0.1", port: 2210, hostKeys, privateKeySecretRef: { name: "rack-ssh" } };
  const server = aoeServer("san", 2210, ["/srv/aoe/*"], { ssh });
  const data = aoeVolume("data", "san", [0, 1], file("/srv/aoe/data.img", "1Mi"), ["bella"]);
  const stage = rig({ objects: [server, xenHost("bella", 2212), data] });
  await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
  await stage.advance(minutes(2));
  stage.hold("bella", "e0.1", "mount /srv/xen");
  await stage.advance(minutes(2));
  stage.patch("AoeServer", at("san"), { spec: { ssh: { port: 2211 } } });
  await eventually(stage, () => word(stage, "AoeServer", "san", "Reachable"), "False/MachineChanged");
  await stage.advance(minutes(5));
  expect([exportsOf(stage, "san"), exportsOf(stage, "oldie")]).toEqual([["e0.1 eth1 /srv/aoe/data.img"], []]);
  const approve = `Machine:${stage.rack.host("oldie").machineId}`;
  stage.patch("AoeServer", at("san"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
  await eventually(stage, () => volumeReady(stage, "data"), "False/UndeclaredResponder");
  await stage.advance(minutes(5));
  expect([exportsOf(stage, "san"), exportsOf(stage, "oldie")]).toEqual([["e0.1 eth1 /srv/aoe/data.img"], []]);
});
