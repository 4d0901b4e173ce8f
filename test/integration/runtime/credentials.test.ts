import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { configSource, createKubeClient } from "../../../src/runtime/client-node.ts";
import type { Kind } from "../../../src/runtime/kube-api.ts";
import { tool } from "../tools.ts";
import { breakGround, configMaps, type Ground, startProxy } from "./ground.ts";

let ground: Ground;
let directory: string;
beforeAll(async () => {
  ground = await breakGround();
  directory = await mkdtemp(path.join(tmpdir(), "xensan-credentials-"));
});
afterAll(async () => {
  await ground?.stop();
  await rm(directory, { recursive: true });
});

const rbac = (kind: string, plural: string): Kind => ({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind,
  plural,
  namespaced: true,
});
const serviceAccounts: Kind = {
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  namespaced: true,
};

/** Lets a subject read the ConfigMaps of one namespace only: the answer then tells who asked. */
async function allow(namespace: string, subject: object): Promise<void> {
  const role = {
    metadata: { name: "reader", namespace },
    rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }],
  };
  await ground.api.create(rbac("Role", "roles"), role);
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };
  const binding = { metadata: { name: "reader", namespace }, roleRef, subjects: [subject] };
  await ground.api.create(rbac("RoleBinding", "rolebindings"), binding);
}

/** The real clock, which can be set forward by any amount. */
function jumpingClock() {
  let ahead = 0;
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };
  return { clock, jump: (ms: number) => (ahead += ms) };
}

const asking = (client: ReturnType<typeof createKubeClient>) => (namespace: string) =>
  client.list(configMaps, { namespace }).then(
    () => "allowed",
    (error: unknown) => z.object({ status: z.number() }).parse(error).status,
  );

describe("credentials that change while we run", () => {
  it("a client certificate is replaced with its kubeconfig, and the old connections are let go", async () => {
    const [first, second] = [await ground.newNamespace(), await ground.newNamespace()];
    await allow(first, { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "alice" });
    await allow(second, { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "bob" });
    const proxy = await startProxy(ground.controlPlane);
    const through = async (user: string) =>
      (await ground.controlPlane.kubeconfigFor(user, [])).replace(
        ground.controlPlane.url,
        `https://127.0.0.1:${proxy.port}`,
      );
    const file = path.join(directory, "config");
    await writeFile(file, await through("alice"));
    const { clock, jump } = jumpingClock();
    const client = createKubeClient({ source: configSource({ kubeconfig: file }), clock });
    const ask = asking(client);
    expect([await ask(first), await ask(second)]).toEqual(["allowed", 403]);
    await writeFile(file, await through("bob"));
    expect(await ask(first)).toBe("allowed");
    jump(11_000);
    expect([await ask(first), await ask(second)]).toEqual([403, "allowed"]);
    for (let round = 0; round < 20; round += 1) {
      jump(11_000);
      await ask(second);
    }
    expect(proxy.accepted).toBeLessThanOrEqual(4);
    await client.close();
    await proxy.close();
  });

  it("a token is read again when time has passed, and at once when it is refused", async () => {
    const [first, second] = [await ground.newNamespace(), await ground.newNamespace()];
    const token = async (namespace: string) => {
      await ground.api.create(serviceAccounts, { metadata: { name: "xensan", namespace } });
      await allow(namespace, { kind: "ServiceAccount", name: "xensan", namespace });
      return await tool("kubectl", ground.controlPlane.kubeconfigPath, ["create", "token", "xensan", "-n", namespace]);
    };
    const [one, two] = [await token(first), await token(second)];
    const clusters: unknown = z.object({ clusters: z.unknown() }).parse(parse(ground.controlPlane.kubeconfig)).clusters;
    const [cluster] = z.array(z.object({ name: z.string() })).parse(clusters);
    const file = path.join(directory, "token-config");
    const context = { cluster: cluster?.name, user: "xensan" };
    const user = { name: "xensan", user: { tokenFile: "token" } };
    const contexts = [{ name: "only", context }];
    await writeFile(file, JSON.stringify({ clusters, contexts, users: [user], "current-context": "only" }));
    const tokenFile = path.join(directory, "token");
    await writeFile(tokenFile, one);
    const { clock, jump } = jumpingClock();
    const client = createKubeClient({ source: configSource({ kubeconfig: file }), clock });
    const ask = asking(client);
    expect([await ask(first), await ask(second)]).toEqual(["allowed", 403]);
    await writeFile(tokenFile, `${two.trim()}\n\n`);
    jump(11_000);
    expect([await ask(first), await ask(second)]).toEqual([403, "allowed"]);
    await writeFile(tokenFile, "expired");
    jump(11_000);
    expect(await ask(second)).toBe(401);
    await writeFile(tokenFile, two);
    expect(await ask(second)).toBe("allowed");
    await client.close();
  });
});
