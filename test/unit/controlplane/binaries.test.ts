import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cacheDirectory, locateBinaries, programPath } from "../../../src/controlplane/binaries.ts";
import { leash } from "../../../src/controlplane/leash.ts";
import { chosenMinor, pinnedMinors, pinnedRelease } from "../../../src/controlplane/versions.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "xensan-binaries-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await rm(directory, { recursive: true });
});

async function program(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '#!/bin/sh\nprintf "[%s]" "$@"\n');
  await chmod(file, 0o755);
}

const given = ["etcd", "kube-apiserver", "kubectl", "helm", "kube-controller-manager"];

async function programs(at: string, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => program(path.join(at, name))));
}

/** A machine without a network, and with only the shell of the system's programs. */
async function emptyMachine(): Promise<void> {
  const tools = path.join(directory, "tools");
  await mkdir(tools);
  await symlink("/bin/sh", path.join(tools, "sh"));
  for (const name of ["mkdir", "sed"]) await symlink(path.join("/usr/bin", name), path.join(tools, name));
  await writeFile(path.join(tools, "id"), "#!/bin/sh\necho 1000\n", { mode: 0o755 });
  vi.stubEnv("PATH", tools);
  vi.stubEnv("KUBEBUILDER_ASSETS", "");
  vi.stubEnv("XDG_CACHE_HOME", directory);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed", { cause: new Error("no such host") })));
}

describe("the programs of the control plane", () => {
  it("are taken from KUBEBUILDER_ASSETS, and nothing of PATH beside them", async () => {
    await programs(directory, ["etcd", "kube-apiserver"]);
    vi.stubEnv("KUBEBUILDER_ASSETS", directory);
    const found = await locateBinaries();
    expect(found).toEqual({
      directory,
      etcd: path.join(directory, "etcd"),
      kubeApiserver: path.join(directory, "kube-apiserver"),
      from: "KUBEBUILDER_ASSETS",
      emergency: false,
    });
    await expect(programPath(found, "kubectl")).rejects.toThrow(
      `${directory} contains no kubectl: it must come from the same source as kube-apiserver`,
    );
  });

  it("missing from KUBEBUILDER_ASSETS are an error, not a reason to download", async () => {
    await program(path.join(directory, "etcd"));
    vi.stubEnv("KUBEBUILDER_ASSETS", directory);
    await expect(locateBinaries({ programs: ["helm"] })).rejects.toThrow(
      `KUBEBUILDER_ASSETS is ${directory}, which contains no executable kube-apiserver and no helm`,
    );
  });

  it.each(pinnedMinors())(
    "of Kubernetes %s are taken from its own cache without a look at the network",
    async (minor) => {
      vi.stubEnv("KUBEBUILDER_ASSETS", "");
      vi.stubEnv("XDG_CACHE_HOME", directory);
      vi.stubEnv("XENSAN_KUBERNETES", minor);
      vi.stubGlobal("fetch", () => {
        throw new Error("the network was asked");
      });
      const cache = path.join(directory, "xensan", "control-plane");
      await Promise.all(
        pinnedMinors().map((each) => programs(path.join(cache, `kubernetes-${pinnedRelease(each)}`), given)),
      );
      const own = path.join(cache, `kubernetes-${pinnedRelease(minor)}`);
      const found = await locateBinaries({ programs: ["helm"] });
      expect(found).toMatchObject({ directory: own, from: "cache" });
      expect(await programPath(found, "helm")).toBe(path.join(own, "helm"));
    },
  );

  it("of another version in the cache are not taken, nor a directory that lacks one of them", async () => {
    await emptyMachine();
    const cache = path.join(directory, "xensan", "control-plane");
    await programs(path.join(cache, "kubernetes-1.37.0"), given);
    await programs(path.join(cache, `kubernetes-${pinnedRelease("1.37")}`), ["etcd"]);
    await programs(path.join(directory, "xensan", "envtest", "k8s", "v1.36.2-linux-amd64"), given);
    await expect(locateBinaries()).rejects.toThrow("no kube-apiserver: ");
  });

  it("of the download serve whoever needs no more than it holds", async () => {
    await emptyMachine();
    const download = path.join(directory, "xensan", "envtest", "k8s", "v1.37.0-linux-amd64");
    await programs(download, ["etcd", "kube-apiserver", "kubectl"]);
    expect(await locateBinaries({ programs: ["kubectl"] })).toMatchObject({ directory: download, from: "cache" });
    await expect(locateBinaries({ programs: ["helm"] })).rejects.toThrow(
      "no current helm: the download contains no helm; it cannot be built from Go modules (there is no Go compiler",
    );
  });

  it("that cannot be had in any way are an error with every way's reason", async () => {
    await emptyMachine();
    await expect(locateBinaries()).rejects.toThrow(
      [
        "no kube-apiserver: the Kubernetes download cannot be reached (no such host)",
        "it cannot be built from Go modules (there is no Go compiler (go is not on PATH))",
        "nor from Debian's packages (building the control plane needs root, for apt-get). Either set KUBEBUILDER_ASSETS",
      ].join("; "),
    );
  });

  it("come from Debian's 1.20.2 last, and one line calls it an emergency", async () => {
    await emptyMachine();
    await programs(path.join(directory, "xensan", "control-plane", "debian-1.20.2"), ["etcd", "kube-apiserver"]);
    const seen: string[] = [];
    const found = await locateBinaries({ onProgress: ({ text }) => seen.push(text) });
    expect(found).toMatchObject({ from: "emergency", emergency: true });
    expect(seen.filter((text) => text.startsWith("EMERGENCY: "))).toEqual([
      "EMERGENCY: the Kubernetes download cannot be reached (no such host); it cannot be built from Go modules (there is no Go compiler (go is not on PATH)); running Kubernetes 1.20.2 of 2021 from Debian's packages",
    ]);
  });

  it("are of a minor that is pinned: another XENSAN_KUBERNETES is refused with those that are", () => {
    expect(chosenMinor({})).toBe("1.37");
    expect(chosenMinor({ XENSAN_KUBERNETES: "1.34" })).toBe("1.34");
    expect(() => chosenMinor({ XENSAN_KUBERNETES: "1.20" })).toThrow(
      'XENSAN_KUBERNETES is "1.20"; it must be one of 1.34, 1.37',
    );
  });

  it("are cached under XDG_CACHE_HOME when that is an absolute path", () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: "/var/cache" })).toBe("/var/cache/xensan");
    expect(cacheDirectory({ XDG_CACHE_HOME: "relative" })).toBe(cacheDirectory({}));
  });
});

describe("a leashed program", () => {
  it("gets its arguments as they are, from a path with quotes and spaces", async () => {
    const file = path.join(directory, "it's a $(dir)", "prog");
    await program(file);
    const script = await leash(file, path.join(directory, "leashed.sh"));
    const { stdout } = await promisify(execFile)(script, ["a b", "'c'", "$d", ""]);
    expect(stdout).toBe("[a b]['c'][$d][]");
  });
});
