import { describe, expect, it } from "vitest";
import { meansFilesystem } from "../../../src/host/fstab.ts";

const uuid = "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c";
const other = "00000000-5b1d-4c7e-9a66-0d1e2f3a4b5c";
const device = "/dev/etherd/e0.1";

describe("what the first field of an fstab entry means", () => {
  it("is this file system by its device, its UUID, or its label where that has led to it", () => {
    const sources = [device, `UUID=${uuid}`, `UUID="${uuid.toUpperCase()}"`, `/dev/disk/by-uuid/${uuid}`];
    const labels = ["LABEL=DATA", 'LABEL="DATA"', "/dev/disk/by-label/DATA"];
    const meant = (label?: string) =>
      [...sources, ...labels].filter((source) => meansFilesystem(source, { device, uuid, label }));
    expect([meant("DATA"), meant(), meant("")]).toEqual([[...sources, ...labels], sources, sources]);
  });

  it.each([
    "/dev/etherd/e0.11",
    `UUID=${other}`,
    `PARTUUID=${uuid}`,
    `/dev/disk/by-uuid/${other}`,
    `/dev/mapper/backup-${uuid}`,
    "LABEL=DATA2",
    "LABEL=",
    "/dev/disk/by-label/data",
    `UUID="${uuid.slice(0, 18)}"${uuid.slice(18)}"`,
    'LABEL=""',
    "",
  ])("is not this file system: %s", (source) => {
    expect(meansFilesystem(source, { device, uuid, label: "DATA" })).toBe(false);
  });

  it("is found in time that grows with the length of the source, not with its square", () => {
    // 4 KiB of quotes took 18 ms when each split of them was tried: these would take minutes.
    const source = `UUID=${'"'.repeat(2 ** 19)}x${'"'.repeat(2 ** 19)}x`;
    const started = process.threadCpuUsage();
    expect(meansFilesystem(source, { device, uuid, label: "DATA" })).toBe(false);
    expect(process.threadCpuUsage(started).user / 1000).toBeLessThan(1000);
  });
});
