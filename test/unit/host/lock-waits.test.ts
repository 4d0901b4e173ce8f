import { expect, it } from "vitest";
import {
  deleteFile,
  deleteLogicalVolume,
  ensureExport,
  ensureFile,
  ensureLogicalVolume,
  prepareInitiator,
  removeExport,
} from "../../../src/host/actions.ts";

const owner = { namespace: "san", name: "a", uid: "1" };
const bounds = { owner, allowedBackings: ["/srv/*", "san/*"] };
const address = { shelf: 0, slot: 1, interface: "eth1" };
const logical = { volumeGroup: "san", name: "a" };

it.each([
  ensureFile({ ...bounds, path: "/srv/a", sizeBytes: 512 }),
  deleteFile({ ...bounds, path: "/srv/a" }),
  ensureLogicalVolume({ ...bounds, ...logical, sizeBytes: 512 }),
  deleteLogicalVolume({ ...bounds, ...logical }),
  ensureExport({
    ...bounds,
    ...address,
    interfaces: [{ name: "eth1", segment: "rack" }],
    backing: "/srv/a",
    options: [],
    restart: "IfNeeded",
  }),
  removeExport({ owner, ...address }),
  prepareInitiator({ interfaces: ["eth1"] }),
])("$script.name says that the host is busy before its time is up", ({ script, timeoutSeconds }) => {
  const waits = [...script.text.matchAll(/^take_lock \w+ (\d+)$/gm)].map(([, seconds]) => Number(seconds));
  expect(waits).toHaveLength(1);
  expect(Math.max(...waits)).toBeLessThanOrEqual(timeoutSeconds - 20);
});
