import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { type Ground, startGround } from "./rack.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await startGround(inject("kubeconfig"), inject("operatorKubeconfig"));
  await ground.server("san", "san");
  await ground.client("bella", "bella");
  await ground.client("brutus", "brutus");
  await ground.volume("data", {
    shelf: 0,
    slot: 1,
    backing: { device: "/dev/vdb" },
    clientRefs: [{ name: "bella" }, { name: "brutus" }],
  });
});
afterAll(() => ground.close());

const eventually = (look: () => Promise<unknown>, expected: unknown) =>
  vi.waitFor(async () => expect(await look()).toEqual(expected), { timeout: 60_000, interval: 200 });
const ready = (name: string) => ground.word("AoeVolume", name, "Ready");

describe("on a real API server, as the chart's service account, over real SSH", () => {
  it("a volume comes to its clients", async () => {
    await eventually(() => ready("data"), "True/Ready");
    expect(await ground.word("AoeServer", "san", "Ready")).toBe("True/Ready");
    expect(await ground.word("XenHost", "bella", "AoeReady")).toBe("True/AoeReady");
    expect(await ground.metrics.registry.metrics()).toContain('xensan_ssh_commands_total{host="127.0.0.1:');
  });

  it("a vblade that was killed with its configuration is brought back", async () => {
    await eventually(() => ready("data"), "True/Ready");
    const { instance = "" } = ground.rack.exports()[0]?.process ?? {};
    ground.rack.removeFile("san", `/etc/vblade.conf.d/${instance}.conf`);
    ground.rack.killVblade("san");
    await vi.waitFor(() => expect(ground.rack.readFile("san", `/etc/vblade.conf.d/${instance}.conf`)).toBeDefined(), {
      timeout: 60_000,
    });
    await eventually(() => ready("data"), "True/Ready");
  });

  it("a spec that breaks a rule is refused by the API server in words", async () => {
    const broadcast = { shelf: 4095, slot: 1, backing: { device: "/dev/vdb" } };
    await expect(ground.volume("broadcast", broadcast)).rejects.toThrow("shelf must not be 4095");
  });

  it("two volumes race for one address: one gets it, the other says who holds it", async () => {
    const clientRefs = [{ name: "bella" }];
    const spec = (path: string) => ({ shelf: 7, slot: 7, backing: { file: { path, size: "16Mi" } }, clientRefs });
    await Promise.all([ground.volume("one", spec("/srv/aoe/one.img")), ground.volume("two", spec("/srv/aoe/two.img"))]);
    const words = () => Promise.all(["one", "two"].map((name) => ground.word("AoeVolume", name, "Conflicted")));
    await vi.waitFor(
      async () => expect((await words()).sort()).toEqual(["False/NoConflict", "True/DuplicateAddress"]),
      {
        timeout: 60_000,
        interval: 200,
      },
    );
    expect(ground.rack.exports().filter(({ process }) => process.shelf === 7).length).toBeLessThanOrEqual(1);
    await Promise.all([ground.delete("AoeVolume", "one"), ground.delete("AoeVolume", "two")]);
  });

  it("a link that leads out of the bounds is refused by the host itself", async () => {
    await ground.volume("leak", {
      shelf: 7,
      slot: 8,
      backing: { file: { path: "/srv/aoe/link.img", size: "16Mi" } },
      clientRefs: [{ name: "bella" }],
    });
    await eventually(() => ready("leak"), "False/BackingOutsideBounds");
    expect(await ground.message("AoeVolume", "leak", "Ready")).toContain("/srv/private.img");
    await ground.delete("AoeVolume", "leak");
  });

  it("an encrypted key without a passphrase is named as such, and nobody else suffers", async () => {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    await ground.secret("locked", { "ssh-privatekey": privateKey });
    await ground.client("caesar", "brutus", "locked");
    await eventually(() => ground.word("XenHost", "caesar", "Reachable"), "False/CredentialInvalid");
    expect(await ground.message("XenHost", "caesar", "Reachable")).toMatch(/passphrase/);
    expect(await ready("data")).toBe("True/Ready");
  });

  it("a client that goes is named, and the others go on", async () => {
    await ground.delete("XenHost", "brutus");
    await eventually(() => ground.word("AoeVolume", "data", "Attached"), "False/ClientNotFound");
    expect(await ground.word("AoeVolume", "data", "Exported")).toBe("True/Exported");
  });

  it("a deleted volume leaves nothing behind", async () => {
    await ground.delete("AoeVolume", "data");
    await vi.waitFor(() => expect(ground.rack.exports()).toEqual([]), { timeout: 60_000 });
    await eventually(() => ready("data").catch((error: { status?: number }) => error.status), 404);
  });
});
