import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cacheDirectory, locateBinaries } from "../../../src/controlplane/binaries.ts";
import { leash } from "../../../src/controlplane/leash.ts";

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

describe("the programs of the control plane", () => {
  it("are taken from KUBEBUILDER_ASSETS", async () => {
    await program(path.join(directory, "etcd"));
    await program(path.join(directory, "kube-apiserver"));
    vi.stubEnv("KUBEBUILDER_ASSETS", directory);
    expect(await locateBinaries()).toEqual({
      etcd: path.join(directory, "etcd"),
      kubeApiserver: path.join(directory, "kube-apiserver"),
      from: "KUBEBUILDER_ASSETS",
    });
  });

  it("missing from KUBEBUILDER_ASSETS are an error, not a reason to download", async () => {
    await program(path.join(directory, "etcd"));
    vi.stubEnv("KUBEBUILDER_ASSETS", directory);
    await expect(locateBinaries()).rejects.toThrow(
      `KUBEBUILDER_ASSETS is ${directory}, where etcd and kube-apiserver are not both executable`,
    );
  });

  it("are taken from the cache without a look at the network", async () => {
    vi.stubEnv("KUBEBUILDER_ASSETS", "");
    vi.stubEnv("XDG_CACHE_HOME", directory);
    vi.stubGlobal("fetch", () => {
      throw new Error("the network was asked");
    });
    const cache = path.join(directory, "xensan", "control-plane");
    await program(path.join(cache, "etcd"));
    await program(path.join(cache, "kube-apiserver"));
    expect(await locateBinaries()).toMatchObject({ etcd: path.join(cache, "etcd"), from: "cache" });
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
