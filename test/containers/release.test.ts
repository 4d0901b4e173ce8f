import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
const out = (name: string) => path.join(root, "out", name);
let said: string;

const withoutGo = spawnSync("go", ["version"]).status !== 0;
if (withoutGo)
  console.warn("skipped: the release is pushed to a registry that is built with Go, and go is not on PATH");

beforeAll(async () => {
  if (withoutGo) return;
  said = (await run("node", ["release/release.ts", "--dry-run"], { cwd: root, maxBuffer: 2 ** 26 })).stdout;
}, 900_000);

async function scratch(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-release-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

describe.skipIf(withoutGo)("npm run release -- --dry-run", () => {
  it("makes every file, whose checksums hold", async () => {
    const files = (await readdir(path.join(root, "out"))).filter((name) => /[.](tgz|gz|yaml|json)$/.test(name));
    expect(files.toSorted()).toEqual([
      "xensan-0.1.0.tgz",
      "xensan-npm-0.1.0.tgz",
      "xensan.yaml",
      "xensan_0.1.0.cdx.json",
      "xensan_0.1.0.spdx.json",
      "xensan_0.1.0_linux_amd64.tar.gz",
      "xensan_0.1.0_linux_arm64.tar.gz",
    ]);
    const { stdout } = await run("sha256sum", ["--check", "SHA256SUMS"], { cwd: path.join(root, "out") });
    expect(stdout.trim().split("\n")).toEqual(files.toSorted().map((name) => `${name}: OK`));
  });

  it("pushes image and chart to a registry and finds them there", () => {
    expect(said).toMatch(/^pushed 127\.0\.0\.1:\d+\/xensan@sha256:[0-9a-f]{64}$/m);
    expect(said).toMatch(/^pushed oci:\/\/127\.0\.0\.1:\d+\/charts\/xensan$/m);
  });

  it("makes a single binary that runs by itself", async () => {
    const directory = await scratch();
    await run("tar", ["-xzf", out("xensan_0.1.0_linux_amd64.tar.gz"), "-C", directory]);
    const program = path.join(directory, "kubectl-xensan");
    expect(await run(program, ["--version"], { env: {} })).toEqual({ stdout: "0.1.0\n", stderr: "" });
    await expect(run(program, ["run"], { env: {} })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^kubectl xensan: unknown command "run"\nCommands: migrate, .*\nSee: kubectl xensan --help\n$/,
      ),
    });
  });

  it("makes a package that holds neither the simulated rack nor what only development needs", async () => {
    const { stdout } = await run("tar", ["-tzf", out("xensan-npm-0.1.0.tgz")]);
    const folders = new Set(stdout.split("\n").flatMap((name) => /^package\/(dist\/[^/]+)\//.exec(name)?.[1] ?? []));
    expect([...folders].toSorted()).toEqual(
      ["api", "cli", "controllers", "host", "runtime", "ssh"].map((name) => `dist/${name}`),
    );
    const directory = await scratch();
    await run("tar", ["-xzf", out("xensan-npm-0.1.0.tgz"), "-C", directory, "package/package.json"]);
    const shown = await run("npm", ["pkg", "get", "engines", "devDependencies", "scripts"], {
      cwd: path.join(directory, "package"),
    });
    expect(JSON.parse(shown.stdout)).toEqual({ engines: { node: ">=22.19.0" } });
  });
});
