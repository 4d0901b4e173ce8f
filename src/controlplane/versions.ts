import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The folder with one `go.mod` and `go.sum` for each product: `etcd`, `helm`, `kubernetes-1.37`. */
export const modulesDirectory = fileURLToPath(new URL("modules", import.meta.url));

/** The Kubernetes minor version in use unless `XENSAN_KUBERNETES` names another. */
export const defaultMinor = "1.37";

/** The minor versions that can be built, oldest first: those pinned in `modules`. */
export function pinnedMinors(): readonly string[] {
  return readdirSync(modulesDirectory)
    .flatMap((name) => /^kubernetes-(1\.\d+)$/.exec(name)?.[1] ?? [])
    .sort((a, b) => Number(a.slice(2)) - Number(b.slice(2)));
}

/** The minor version that `XENSAN_KUBERNETES` names. Throws, with the accepted values, if it is not pinned. */
export function chosenMinor(env: NodeJS.ProcessEnv = process.env): string {
  const asked = env.XENSAN_KUBERNETES;
  if (asked === undefined || asked === "") return defaultMinor;
  const minors = pinnedMinors();
  if (minors.includes(asked)) return asked;
  throw new Error(`XENSAN_KUBERNETES is "${asked}"; it must be one of ${minors.join(", ")}`);
}

/** The release that `modules` pins for a minor version: `1.37.2` for `1.37`. */
export function pinnedRelease(minor: string): string {
  const text = readFileSync(path.join(modulesDirectory, `kubernetes-${minor}`, "go.mod"), "utf8");
  const [, release] = /\bk8s\.io\/kubernetes v(\d+\.\d+\.\d+)\b/.exec(text) ?? [];
  if (release === undefined) throw new Error(`kubernetes-${minor}/go.mod requires no release of k8s.io/kubernetes`);
  return release;
}
