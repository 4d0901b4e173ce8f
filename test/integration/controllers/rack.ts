import { pino } from "pino";
import {
  type AoeServer,
  type AoeVolume,
  aoeServers,
  aoeVolumes,
  type XenHost,
  xenHosts,
} from "../../../src/api/kinds.ts";
import { systemClock } from "../../../src/clock.ts";
import { createOperator } from "../../../src/operator.ts";
import { createKubeClient, type KubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { type Secret, secretKind } from "../../../src/runtime/kinds.ts";
import type { Kind, KubeObject } from "../../../src/runtime/kube-api.ts";
import { createMetrics, type Metrics } from "../../../src/runtime/metrics.ts";
import { createRack, type Rack } from "../../../src/sim/rack.ts";
import { parseRack } from "../../../src/sim/rack-file.ts";
import { type RackServer, serveRack } from "../../../src/sim/ssh-server.ts";
import { createDialer } from "../../../src/ssh/dialer.ts";
import { namespaces } from "../../contract-kube-api/built-in-kinds.ts";

/** A namespace on the real API server, a rack behind real SSH, and the operator between them. */
export interface Ground {
  readonly api: KubeClient;
  readonly rack: Rack;
  readonly metrics: Metrics;
  apply(kind: Kind, name: string, fields: Record<string, unknown>): Promise<void>;
  server(name: string, host: string, spec?: Record<string, unknown>): Promise<void>;
  client(name: string, host: string, secret?: string): Promise<void>;
  volume(name: string, spec: Record<string, unknown>): Promise<void>;
  secret(name: string, data: Record<string, string>, type?: string): Promise<void>;
  /** `Status/Reason` of a condition. */
  word(kind: "AoeServer" | "AoeVolume" | "XenHost", name: string, type: string): Promise<string>;
  message(kind: "AoeServer" | "AoeVolume" | "XenHost", name: string, type: string): Promise<string>;
  delete(kind: "AoeServer" | "AoeVolume" | "XenHost", name: string): Promise<void>;
  readonly clientKey: string;
  close(): Promise<void>;
}

const nic = (index: number) => [
  { name: "eth0", mac: `52:54:00:99:00:1${index}`, segment: "management" },
  { name: "eth1", mac: `52:54:00:99:01:1${index}`, segment: "san" },
];
const root = { path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" };
const rackFile = () =>
  parseRack({
    hosts: {
      san: {
        roles: ["server"],
        ssh: { port: 0 },
        interfaces: nic(0),
        disks: [root, { path: "/dev/vdb", size: "2Gi" }],
        directories: ["/srv/aoe"],
        files: [{ path: "/srv/private.img", size: "16Mi" }],
        symlinks: { "/srv/aoe/link.img": "/srv/private.img" },
        packages: ["vblade", "aoetools"],
      },
      bella: { roles: ["dom0"], ssh: { port: 0 }, interfaces: nic(1), disks: [root], packages: ["aoetools"] },
      brutus: { roles: ["dom0"], ssh: { port: 0 }, interfaces: nic(2), disks: [root], packages: ["aoetools"] },
    },
  });

export async function startGround(adminKubeconfig: string, operatorKubeconfig: string): Promise<Ground> {
  const api = createKubeClient({ source: textSource(adminKubeconfig) });
  const operatorApi = createKubeClient({ source: textSource(operatorKubeconfig) });
  const namespace = `aoe-${crypto.randomUUID().slice(0, 8)}`;
  await api.create(namespaces, { metadata: { name: namespace } });
  const rack = createRack(rackFile(), { clock: systemClock });
  const rackServer = await serveRack(rack);
  const dialer = createDialer({ allow: ["127.0.0.1/32"] });
  const stop = new AbortController();
  const metrics = createMetrics();
  const operator = createOperator({
    api: operatorApi,
    dialer,
    clock: systemClock,
    log: pino({ level: "silent" }),
    metrics,
    config: { probeIntervalSeconds: 3, identity: namespace },
  });
  const running = operator.run(stop.signal);

  const kinds = { AoeServer: aoeServers, AoeVolume: aoeVolumes, XenHost: xenHosts };
  async function condition(kind: keyof typeof kinds, name: string, type: string) {
    const of: Kind<AoeServer | AoeVolume | XenHost> = kinds[kind];
    const { status } = await api.get(of, { namespace, name });
    return status?.conditions?.find((one) => one.type === type);
  }
  async function apply(kind: Kind, name: string, fields: Record<string, unknown>): Promise<void> {
    const group = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    const object = { apiVersion: group, kind: kind.kind, metadata: { namespace, name }, ...fields };
    await api.apply<KubeObject>(kind, object, { fieldManager: "test", force: true });
  }
  const ssh = (host: string, secret: string) => {
    const { host: address, port, user, hostKey } = endpointOf(rackServer, host);
    return { host: address, port, user, hostKeys: [hostKey], privateKeySecretRef: { name: secret } };
  };
  const secret = async (name: string, data: Record<string, string>, type = "kubernetes.io/ssh-auth") => {
    const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    const object: Secret = { metadata: { namespace, name }, type, data: Object.fromEntries(encoded) };
    await api.create(secretKind, object);
  };
  await secret("rack-ssh", { "ssh-privatekey": rackServer.clientKey });
  return {
    api,
    rack,
    metrics,
    apply,
    secret,
    clientKey: rackServer.clientKey,
    server: (name, host, spec = {}) =>
      apply(aoeServers, name, {
        spec: {
          ssh: ssh(host, "rack-ssh"),
          interfaces: [{ name: "eth1", segment: namespace }],
          allowedBackings: ["/dev/vdb", "/srv/aoe/*"],
          ...spec,
        },
      }),
    client: (name, host, with_ = "rack-ssh") =>
      apply(xenHosts, name, { spec: { ssh: ssh(host, with_), aoe: { interfaces: ["eth1"] } } }),
    volume: (name, spec) => apply(aoeVolumes, name, { spec: { serverRef: { name: "san" }, ...spec } }),
    async word(kind, name, type) {
      const found = await condition(kind, name, type);
      return `${found?.status}/${found?.reason}`;
    },
    message: async (kind, name, type) => (await condition(kind, name, type))?.message ?? "",
    delete: (kind, name) => api.delete(kinds[kind], { namespace, name }),
    async close() {
      stop.abort(new Error("the test is over"));
      await running;
      await forgetHosts(api, namespace);
      await dialer.close();
      await rackServer.close();
      await operatorApi.close();
      await api.close();
    },
  };
}

function endpointOf(server: RackServer, host: string) {
  const endpoint = server.endpoints.get(host);
  if (endpoint === undefined) throw new Error(`the rack has no host ${host}`);
  return endpoint;
}

/**
 * An operator that serves every namespace deletes no volume while a XenHost that once answered is unreachable, as it
 * may hold the device. The hosts of this rack never answer again, so their objects must not outlive it.
 */
async function forgetHosts(api: KubeClient, namespace: string): Promise<void> {
  const kinds: readonly Kind<AoeServer | XenHost>[] = [xenHosts, aoeServers];
  for (const kind of kinds) {
    const { items } = await api.list(kind, { namespace });
    for (const { metadata } of items) {
      const key = { namespace, name: metadata.name };
      await api.mergePatch(kind, key, { metadata: { finalizers: null } });
      await api.delete(kind, key);
    }
  }
}
