/** The door to a real Kubernetes API server. */
export { createKubeClient, type KubeClient, type KubeClientOptions } from "./client-node/client.ts";
export { type ConfigSource, configSource, textSource } from "./client-node/source.ts";
