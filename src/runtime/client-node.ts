/** The only access to a real Kubernetes API server. */

export type { KubeClient } from "./client-node/client.ts";
export { createKubeClient, typed } from "./client-node/client.ts";
export { Credentials } from "./client-node/credentials.ts";
export { collectionPath, objectPath } from "./client-node/paths.ts";
export { type ConfigSource, configSource, textSource } from "./client-node/source.ts";
