import { fileURLToPath } from "node:url";
import { tool } from "./tools.ts";

export const chart = fileURLToPath(new URL("../../helm/xensan", import.meta.url));

export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** In the form of `--set-json`: `{"replicaCount": 1}`. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/**
 * `helm upgrade --install`; does not wait for pods, as nothing runs them here. One release of the tier's server has the
 * definitions, so this one brings none unless its values say so.
 */
export async function installChart(kubeconfigPath: string, { name, namespace, values }: Release): Promise<void> {
  const settings = Object.entries({
    ...{ allowAddresses: ["127.0.0.0/8"], "crds.enabled": false },
    ...values,
  }).flatMap(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]);
  const where = ["--namespace", namespace, "--create-namespace"];
  await tool("helm", kubeconfigPath, ["upgrade", name, chart, "--install", ...where, ...settings]);
}

export async function uninstallChart(kubeconfigPath: string, { name, namespace }: Release): Promise<void> {
  await tool("helm", kubeconfigPath, ["uninstall", name, "--namespace", namespace]);
}
