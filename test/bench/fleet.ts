import { once } from "node:events";
import { createServer } from "node:net";
import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { directHostKey } from "../../src/sim/dialer.ts";
import { parseRack, type RackFile, type RackFileInput } from "../../src/sim/rack-file.ts";
import { scaleRack } from "../../src/sim/scale.ts";
import type { RackKeys } from "../../src/sim/ssh-server.ts";
import { generateKeyPair } from "../generate-key.ts";

export interface FleetSize {
  /** Layer-2 networks; servers, dom0s and volumes are spread over them evenly. */
  readonly segments: number;
  readonly servers: number;
  readonly dom0s: number;
  readonly volumes: number;
  readonly clientsPerVolume: number;
}

/** A rack of this size, and the objects that use it. */
export interface FleetPlan {
  readonly rackFile: RackFile;
  readonly keys: RackKeys;
  readonly objects: readonly KubeObject[];
}

const namespace = "bench";
const meta = (name: string) => ({ namespace, name });
const apiVersion = "xensan.dev/v1alpha1";

export async function planFleet(size: FleetSize, packages: "Installed" | "Missing"): Promise<FleetPlan> {
  const rack = scaleRack({ servers: size.servers, dom0s: size.dom0s, packages });
  const names = Object.keys(rack.hosts);
  const ports = await freePorts(names.length);
  const client = generateKeyPair();
  const pairs = new Map(names.map((name) => [name, generateKeyPair(name)]));
  const segmentOf = (index: number) => `san-${(index % size.segments) + 1}`;
  const place = (name: string) => segmentOf(Number(name.split("-")[1]) - 1);

  const hosts: RackFileInput["hosts"] = {};
  for (const [index, name] of names.entries()) {
    const host = rack.hosts[name];
    if (host === undefined) continue;
    const interfaces = host.interfaces.map((nic) => (nic.segment === "san" ? { ...nic, segment: place(name) } : nic));
    hosts[name] = { ...host, ssh: { ...host.ssh, port: ports[index] ?? 0 }, interfaces };
  }
  const rackFile = parseRack({ ...rack, hosts });

  const ssh = (name: string) => ({
    host: rackFile.hosts[name]?.ssh.address,
    port: rackFile.hosts[name]?.ssh.port,
    user: rackFile.hosts[name]?.ssh.user,
    // The first key serves while the fleet converges in virtual time, the second over real SSH.
    hostKeys: [directHostKey(name), pairs.get(name)?.publicKey],
    privateKeySecretRef: { name: "rack-ssh" },
  });
  const serverNames = names.filter((name) => name.startsWith("san-"));
  const dom0Names = names.filter((name) => name.startsWith("dom0-"));
  const objects: (KubeObject & Record<string, unknown>)[] = [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: meta("rack-ssh"),
      type: "kubernetes.io/ssh-auth",
      data: { "ssh-privatekey": Buffer.from(client.privateKey).toString("base64") },
    },
    ...serverNames.map((name) => ({
      apiVersion,
      kind: "AoeServer",
      metadata: meta(name),
      spec: {
        ssh: ssh(name),
        interfaces: [{ name: "eth1", segment: place(name) }],
        allowedBackings: ["/srv/aoe/*.img"],
      },
    })),
    ...dom0Names.map((name) => ({
      apiVersion,
      kind: "XenHost",
      metadata: meta(name),
      spec: { ssh: ssh(name), aoe: { interfaces: ["eth1"] } },
    })),
  ];
  for (let index = 0; index < size.volumes; index++) {
    const server = index % serverNames.length;
    const serverName = serverNames[server] ?? "";
    const peers = dom0Names.filter((name) => place(name) === place(serverName));
    const slot = Math.floor(index / serverNames.length);
    const clients = Array.from({ length: Math.min(size.clientsPerVolume, peers.length) }, (_, nth) => ({
      name: peers[(slot + nth) % peers.length],
    }));
    objects.push({
      apiVersion,
      kind: "AoeVolume",
      metadata: meta(`volume-${index + 1}`),
      spec: {
        serverRef: { name: serverName },
        shelf: server + 1,
        slot,
        backing: { file: { path: `/srv/aoe/volume-${index + 1}.img`, size: "16Mi" } },
        clientRefs: clients,
      },
    });
  }
  const hostKeys = Object.fromEntries([...pairs].map(([name, pair]) => [name, pair.privateKey]));
  return { rackFile, keys: { client: client.privateKey, hosts: hostKeys }, objects };
}

/** Different ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address !== null) ports.push(address.port);
  }
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, "close");
    }),
  );
  return ports;
}
