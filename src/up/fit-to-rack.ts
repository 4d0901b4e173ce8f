import { z } from "zod";
import type { Manifest } from "../cli/manifests.ts";

const sshSchema = z.looseObject({
  spec: z.looseObject({
    ssh: z.looseObject({
      host: z.string(),
      port: z.number().default(22),
      privateKeySecretRef: z.looseObject({ name: z.string() }),
    }),
  }),
});

/** Addresses of a running rack, and the key for it. */
export interface ReachableRack {
  readonly server: {
    readonly endpoints: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
    /** OpenSSH private key. */
    readonly clientKey: string;
  };
  readonly moved: readonly { readonly from: number; readonly to: number }[];
}

/**
 * The manifests adapted to this rack: ports that were moved are replaced, and a Secret with the rack's key is added for
 * every Secret that a host of the rack refers to and that is not among the manifests.
 */
export function fitToRack(manifests: readonly Manifest[], { server, moved }: ReachableRack): Manifest[] {
  const endpoints = [...server.endpoints.values()];
  const secrets = new Map<string, Manifest>();
  const fitted = manifests.map((manifest): Manifest => {
    const parsed = sshSchema.safeParse(manifest);
    if (!parsed.success) return manifest;
    const { ssh } = parsed.data.spec;
    const port = moved.find(({ from }) => from === ssh.port)?.to ?? ssh.port;
    if (!endpoints.some((endpoint) => endpoint.host === ssh.host && endpoint.port === port)) return manifest;
    const namespace = manifest.metadata.namespace ?? "default";
    const { name } = ssh.privateKeySecretRef;
    if (!manifests.some((other) => other.kind === "Secret" && other.metadata.name === name)) {
      secrets.set(`${namespace}/${name}`, keySecret(namespace, name, server.clientKey));
    }
    const spec = { ...parsed.data.spec, ssh: { ...ssh, port } };
    return { ...manifest, ...{ spec } };
  });
  return [...secrets.values(), ...fitted];
}

function keySecret(namespace: string, name: string, privateKey: string): Manifest {
  const data = { "ssh-privatekey": Buffer.from(privateKey).toString("base64") };
  const secret = { type: "kubernetes.io/ssh-auth", data };
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, ...secret };
}
