import { systemClock } from "../../../src/clock.ts";
import type { KubeObject } from "../../../src/runtime/kube-api.ts";
import { customResourceDefinitions } from "../../simulation/definitions.ts";
import { conditionOf } from "../../simulation/stage.ts";
import { ApiServer } from "../../simulation/world/kube/api-server.ts";
import { toJsonObject } from "../../simulation/world/kube/json.ts";
import { connectKubeApi } from "../../simulation/world/kube/kube-client.ts";
import { seeded } from "../../simulation/world/random.ts";
import type { Machine, Machines } from "./machines.ts";

const apiVersion = "xensan.dev/v1alpha1";
const at = (name: string) => ({ namespace: "bench", name });

/** An API server in memory with an AoeServer for each machine, and a XenHost that listens on their segment. */
export function openCluster({ machines, listener }: Machines) {
  const clock = systemClock;
  const api = new ApiServer({
    now: () => clock.now(),
    random: seeded("uid"),
    customResourceDefinitions: customResourceDefinitions(),
  });
  const apply = (object: KubeObject & Record<string, unknown>, manager = "kubectl") =>
    api.apply(api.kindNamed(object.kind ?? ""), toJsonObject(object), { manager, force: true, status: false });
  const key = machines[0]?.target.credential.privateKey ?? "";
  apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: at("rack-ssh"),
    type: "kubernetes.io/ssh-auth",
    data: { "ssh-privatekey": Buffer.from(key).toString("base64") },
  });
  const sshOf = ({ target: { host, port, user }, hostKey }: Machine) => ({
    ...{ host, port, user, hostKeys: [hostKey], privateKeySecretRef: { name: "rack-ssh" } },
  });
  apply({
    apiVersion,
    kind: "XenHost",
    metadata: at("listener"),
    spec: { ssh: sshOf(listener), aoe: { interfaces: ["eth0"] } },
  });
  for (const [index, machine] of machines.entries())
    apply({
      apiVersion,
      kind: "AoeServer",
      metadata: at(`san-${index + 1}`),
      spec: {
        ssh: sshOf(machine),
        interfaces: [{ name: "eth0" }],
        allowedBackings: ["/srv/xensan/*"],
      },
    });
  let asked = 0;
  return {
    kube: connectKubeApi({ server: api, clock }),
    /** Declares AoeVolumes until there are so many on each server. */
    declare(count: number) {
      for (const index of machines.keys())
        apply({
          apiVersion,
          kind: "AoeVolume",
          metadata: at(`volume-${index + 1}-${count}`),
          spec: {
            serverRef: { name: `san-${index + 1}` },
            shelf: index + 1,
            slot: count - 1,
            backing: { file: { path: `/srv/xensan/${count}.img`, size: "16Mi" } },
            clientRefs: [{ name: "listener" }],
          },
        });
    },
    /** Asks for a reconciliation of every AoeServer. */
    reconcile() {
      asked += 1;
      for (const index of machines.keys())
        apply(
          {
            apiVersion,
            kind: "AoeServer",
            metadata: { ...at(`san-${index + 1}`), annotations: { "xensan.dev/reconcile-at": `${asked}` } },
          },
          "xensan-cli",
        );
    },
    /** AoeVolumes that are exported. */
    exported: () =>
      api.list(api.kindNamed("AoeVolume")).items.filter((volume) => conditionOf(volume, "Exported").status === "True")
        .length,
  };
}
