import { createWriteStream } from "node:fs";
import path from "node:path";
import { serve } from "../cli/serve.ts";
import { systemClock } from "../clock.ts";
import type { ControlPlane } from "../controlplane/control-plane.ts";
import { emptyingFirst } from "../controlplane/debian-1.20/emptied.ts";
import { textSource } from "../runtime/client-node.ts";
import { createLogger } from "../runtime/log.ts";
import { createRack, type Rack } from "../sim/rack.ts";
import type { RackFile } from "../sim/rack-file.ts";
import { type RackServer, serveRack } from "../sim/ssh-server.ts";

/** Shorter than by default, because a person waits. */
const probeIntervalSeconds = 5;

/**
 * Timings of hosts with fast disks and processors, because a person waits; a lab without hardware virtualisation is
 * slower.
 */
const briskly = {
  install: 2_000,
  journalMebibyte: 20,
  mount: 1_500,
  unmount: 1_000,
  clusterOnline: 500,
  createDomain: 3_000,
  migration: 6_000,
  migrateMebibyte: 40,
};

/** The simulated rack on its ports; `moved` lists the ports that were taken and replaced. */
export interface RunningRack {
  readonly rack: Rack;
  readonly server: RackServer;
  readonly moved: readonly { readonly host: string; readonly from: number; readonly to: number }[];
}

/** Serves the rack over SSH. Replaces a port that is in use by a free one. */
export async function startRack(file: RackFile): Promise<RunningRack> {
  const hosts = { ...file.hosts };
  for (;;) {
    try {
      const options = { clock: systemClock, salt: String(process.pid), timings: briskly };
      const rack = createRack({ ...file, hosts }, options);
      const server = await serveRack(rack);
      const moved = Object.entries(file.hosts).flatMap(([host, { ssh }]) => {
        const to = server.endpoints.get(host)?.port ?? ssh.port;
        return ssh.port === 0 || ssh.port === to ? [] : [{ host, from: ssh.port, to }];
      });
      return { rack, server, moved };
    } catch (error) {
      const taken = takenPort(error);
      const name = Object.keys(hosts).find((key) => hosts[key]?.ssh.port === taken);
      const host = name === undefined ? undefined : hosts[name];
      if (taken === undefined || name === undefined || host === undefined) throw error;
      hosts[name] = { ...host, ssh: { ...host.ssh, port: 0 } };
    }
  }
}

function takenPort(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "EADDRINUSE") return undefined;
  return "port" in error && typeof error.port === "number" ? error.port : undefined;
}

/** The operator, in this process, serving all namespaces; its log is a file next to the control plane's data. */
export interface RunningOperator {
  readonly logFile: string;
  readonly healthPort: number;
  /** Settles when the operator ends; rejects with the reason if it ends without a request. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts the operator in this process against the control plane; resolves when it is ready. */
export async function startOperator(controlPlane: ControlPlane): Promise<RunningOperator> {
  const logFile = path.join(path.dirname(controlPlane.kubeconfigPath), "operator.log");
  const destination = createWriteStream(logFile);
  const stopping = new AbortController();
  const listening = Promise.withResolvers<number>();
  const ended = serve(
    {
      source: textSource(controlPlane.kubeconfig),
      // Only the rack on this machine may be reached.
      allow: ["127.0.0.0/8", "::1"],
      listen: { host: "127.0.0.1", port: 0 },
      metricsAuth: "None",
      log: createLogger({ level: "debug", clock: systemClock, destination }),
      config: { probeIntervalSeconds },
      onListening: listening.resolve,
      ...(controlPlane.binaries.emergency ? { client: emptyingFirst } : {}),
    },
    stopping.signal,
  );
  // The caller that awaits `ended` sees the error; until then it must not count as unhandled.
  ended.catch(listening.reject);
  return {
    logFile,
    healthPort: await listening.promise,
    ended,
    async stop() {
      stopping.abort(new Error("stopping"));
      await ended.catch(() => undefined);
      destination.end();
    },
  };
}
