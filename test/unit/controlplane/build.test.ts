import { existsSync } from "node:fs";
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { buildFromModules, type Program, type Progress } from "../../../src/controlplane/build.ts";

let directory: string;
let output: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "xensan-build-"));
  output = path.join(directory, "out");
  // All tools except Go, so that only the test's own Go is found.
  const tools = path.join(directory, "tools");
  await mkdir(tools);
  const needed = "sh sed mkdir mktemp rm mv cat chmod cut grep head tail flock touch".split(" ");
  await Promise.all(needed.map((name) => linkTool(name, tools)));
  vi.stubEnv("PATH", tools);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

async function linkTool(name: string, into: string): Promise<void> {
  const found = ["/usr/bin", "/bin", "/opt/homebrew/bin"].map((from) => path.join(from, name)).find(existsSync);
  if (found !== undefined) await symlink(found, path.join(into, name));
}

/** A Go compiler for the test: the shell text of `go list -deps` and of `go build`, which must write `$out`. */
async function installGo({
  list = "",
  build = 'echo built >"$out"; chmod +x "$out"',
  modules = "",
} = {}): Promise<void> {
  const file = path.join(directory, "tools", "go");
  const text = `#!/bin/sh
echo "$*" >>"${directory}/calls"
case $1 in
  env) echo "/go/$2" ;;
  list) case $* in *-deps*) : ; ${list || ":"} ;; *) : ; ${modules || ":"} ;; esac ;;
  build) while [ "$1" != -o ]; do shift; done; out=$2; ${build} ;;
esac
`;
  await writeFile(file, text);
  await chmod(file, 0o755);
}

function build(programs: readonly Program[] = ["etcd"], signal?: AbortSignal, seen: Progress[] = []) {
  return buildFromModules("1.37", output, programs, {
    onProgress: (progress) => seen.push(progress),
    ...(signal === undefined ? {} : { signal }),
  });
}

const compiled = async () =>
  (await readFile(path.join(directory, "calls"), "utf8")).split("\n").filter((line) => line.startsWith("build")).length;

/** The content of the directory without the lock and the log. */
const contents = async () => (await readdir(output)).filter((name) => !name.startsWith("build.")).sort();

describe("a build from Go modules", () => {
  it("tells its steps, leaves each program complete, and builds only what is not there", async () => {
    await installGo();
    const seen: Progress[] = [];
    expect(await build(["etcd", "kubectl"], undefined, seen)).toBeUndefined();
    expect(seen).toEqual([
      { text: "building the control plane: fetching the Go modules", step: 1, steps: 3 },
      { text: expect.stringMatching(/^building the control plane: compiling etcd v3\.\d+\.\d+$/), step: 2, steps: 3 },
      { text: expect.stringMatching(/^building the control plane: compiling kubectl v1\.37\.\d+$/), step: 3, steps: 3 },
    ]);
    expect(await contents()).toEqual(["etcd", "kubectl"]);
    expect(await build(["etcd", "kubectl", "helm"])).toBeUndefined();
    expect([await compiled(), await contents()]).toEqual([3, ["etcd", "helm", "kubectl"]]);
  });

  it("takes the release's number into what the program says about itself", async () => {
    await installGo();
    await build(["kube-apiserver"]);
    expect(await readFile(path.join(directory, "calls"), "utf8")).toMatch(
      /-X k8s\.io\/component-base\/version\.gitVersion=(v1\.37\.\d+) -X k8s\.io\/component-base\/version\.gitMajor=1 -X k8s\.io\/component-base\/version\.gitMinor=37 .*client-go\/pkg\/version\.gitVersion=\1 /,
    );
  });

  it("is impossible, with the reason, where there is no Go", async () => {
    expect(await build()).toBe("there is no Go compiler (go is not on PATH)");
  });

  it("is impossible, with the reason, where Go is too old", async () => {
    await installGo({ modules: 'echo "go: errors parsing go.mod: unknown directive: tool" >&2; exit 1' });
    expect(await build()).toMatch(
      /^Go 1\.\d+\.\d+ or newer is needed, and .* cannot be used: go: errors parsing go.mod: unknown directive: tool$/,
    );
  });

  it("is impossible, with the proxy's own words, where the proxy says no or has no such release", async () => {
    await installGo({
      list: 'echo "go: downloading go.etcd.io/etcd/server/v3 v3.6.16" >&2; echo "go.etcd.io/etcd/server/v3@v3.6.16: reading it: 403 Forbidden" >&2; exit 1',
    });
    expect(await build()).toMatch(
      /^the module proxy does not serve what etcd v3\.\d+\.\d+ is built from: go\.etcd\.io\/etcd\/server\/v3@v3\.6\.16: reading it: 403 Forbidden$/,
    );
  });

  it("fails, and takes no other way, where a module is not the one that go.sum names", async () => {
    await installGo({
      list: 'echo "verifying go.etcd.io/etcd/server/v3@v3.6.16: checksum mismatch" >&2; echo "SECURITY ERROR" >&2; exit 1',
    });
    await expect(build()).rejects.toThrow(
      /a module of etcd is not the one that .*go\.sum names\n.*\nverifying go\.etcd\.io\/etcd\/server\/v3@v3\.6\.16: checksum mismatch/,
    );
  });

  it("fails with what it needs where the disk is full, and leaves no half of a program", async () => {
    await installGo({ build: 'echo half >"$out"; echo "write $out: no space left on device" >&2; exit 1' });
    await expect(build()).rejects.toThrow(
      /^building the control plane failed: the disk is full: the build needs about 4 GB below \/go\/GOMODCACHE and \/go\/GOCACHE, and room in .*out$/,
    );
    expect(await contents()).toEqual([]);
  });

  it("interrupted leaves no half of a program, and the next one completes it", async () => {
    await installGo({ build: `echo half >"$out"; touch "${directory}/compiling"; exec tail -f /dev/null` });
    const stop = new AbortController();
    const interrupted = build(["etcd"], stop.signal);
    await vi.waitFor(() => access(path.join(directory, "compiling")), { timeout: 20_000 });
    stop.abort(new Error("Ctrl-C"));
    await expect(interrupted).rejects.toThrow("Ctrl-C");
    expect(await contents()).toEqual([]);
    await installGo();
    expect(await build()).toBeUndefined();
    expect(await contents()).toEqual(["etcd"]);
  });

  it("waits for another one of the same directory, and finds its result", async () => {
    await installGo({
      build: `touch "${directory}/compiling"; while ! [ -e "${directory}/go-on" ]; do :; done; echo built >"$out"; chmod +x "$out"`,
    });
    const first = build();
    await vi.waitFor(() => access(path.join(directory, "compiling")), { timeout: 20_000 });
    const seen: Progress[] = [];
    const second = build(["etcd"], undefined, seen);
    await vi.waitFor(() =>
      expect(seen).toEqual([{ text: "another process is building the control plane: waiting for it" }]),
    );
    await writeFile(path.join(directory, "go-on"), "");
    expect([await first, await second, await compiled()]).toEqual([undefined, undefined, 1]);
  });
});
