/** The door to a real Kubernetes API server. */

export type { KubeClient } from "./client-node/client.ts";
export { createKubeClient, type KubeClientOptions } from "./client-node/client.ts";
export { type ConfigSource, configSource, textSource } from "./client-node/source.ts";
