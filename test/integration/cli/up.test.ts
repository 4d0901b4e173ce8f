import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { eventually } from "../eventually.ts";
import { tool } from "../tools.ts";
import { holdPort, startUp, type XensanProcess } from "../xensan-process.ts";

function start(...args: string[]): XensanProcess {
  const started = startUp(args);
  onTestFinished(() => started.kill("SIGKILL"));
  return started;
}

/** The control plane's processes that work in a directory (Linux). */
function processesIn(directory: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return command.includes(directory) && !command.includes("src/up/main") ? [command] : [];
    } catch {
      return [];
    }
  });
}

const kubeconfigLine = /export KUBECONFIG=(\S+)/;
const outcomeSchema = z.object({
  ready: z.boolean(),
  seconds: z.number(),
  kubeconfig: z.string(),
  objects: z.array(z.object({ kind: z.string(), name: z.string(), ready: z.string().optional(), reason: z.string() })),
});

describe("the embedded mode", () => {
  it("makes the tutorial ready although a port is taken, serves kubectl, and leaves nothing behind after Ctrl-C", async () => {
    await using _taken = await holdPort(2210);
    const started = start();
    const [, kubeconfig = ""] = await started.until(kubeconfigLine);
    expect(started.stdout()).toContain("port 2210 is in use on this machine: san listens on");
    expect(started.stdout()).toMatch(/All objects are ready after (\d+ min )?[\d.]+ s\./);

    const volumes = await tool("kubectl", kubeconfig, ["get", "aoevolumes", "-A", "-o", "name"]);
    expect(volumes.trim().split("\n")).toEqual(["aoevolume.xensan.dev/data", "aoevolume.xensan.dev/scratch"]);
    const directory = path.dirname(kubeconfig);
    expect(processesIn(directory).length).toBeGreaterThan(0);

    started.kill("SIGINT");
    expect(await started.ended).toBe(0);
    expect({ processes: processesIn(directory), data: existsSync(directory) }).toEqual({ processes: [], data: false });
  });

  it("with --exit ends with 0 once everything is ready, and says so in JSON", async () => {
    const started = start("--exit", "--output", "json");
    expect(await started.ended).toBe(0);
    const outcome = outcomeSchema.parse(JSON.parse(started.stdout()));
    expect(outcome.ready).toBe(true);
    expect(outcome.objects.map(({ kind, name, ready }) => `${kind} ${name} ${ready}`)).toEqual([
      "AoeServer san True",
      "XenHost bella True",
      "XenHost brutus True",
      "AoeVolume data True",
      "AoeVolume scratch True",
      "Ocfs2Cluster xen True",
      "XenDomain vm-test True",
      "XenMigration vm-test-to-brutus True",
    ]);
    expect(existsSync(outcome.kubeconfig)).toBe(false);
  });

  it("with somebody's own manifests that cannot become ready ends with 1 and the reasons", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "xensan-up-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const manifest = {
      apiVersion: "xensan.dev/v1alpha1",
      kind: "AoeServer",
      metadata: { name: "nowhere", namespace: "lonely" },
      spec: {
        ssh: {
          host: "127.0.0.1",
          port: 1,
          privateKeySecretRef: { name: "no-such-key" },
          hostKeyPolicy: "TrustOnFirstUse",
        },
        interfaces: [{ name: "eth1" }],
        allowedBackings: ["/dev/vdb"],
      },
    };
    await writeFile(path.join(directory, "server.json"), JSON.stringify(manifest));
    const started = start("--exit", "--timeout", "15", "--apply", directory);
    expect(await started.ended).toBe(1);
    expect(started.stdout()).toMatch(
      /Not ready after .*\n {2}AoeServer lonely\/nowhere is not ready: SecretNotFound: Secret lonely\/no-such-key of type kubernetes\.io\/ssh-auth does not exist/,
    );
  });

  it("interrupted while it starts ends with 130 and leaves nothing behind", async () => {
    const started = start("--output", "json");
    const running = () => readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === started.pid);
    await eventually("etcd or kube-apiserver runs", () => running().length > 0, 60);
    started.kill("SIGTERM");
    expect(await started.ended).toBe(130);
    expect(started.stdout()).toBe("");
  });

  it("killed outright still takes its processes with it", async () => {
    const started = start();
    const [, kubeconfig = ""] = await started.until(kubeconfigLine);
    const directory = path.dirname(kubeconfig);
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    started.kill("SIGKILL");
    expect(await started.ended).toBe("SIGKILL");
    await eventually("etcd and kube-apiserver end", () => processesIn(directory).length === 0, 20);
  });
});

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}
