import net from "node:net";
import { pino } from "pino";
import { type ControlPlane, startControlPlane } from "../../../src/controlplane/control-plane.ts";
import { createKubeClient, type KubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { isNotFound, type Kind, type KubeApi, type KubeObject } from "../../../src/runtime/kube-api.ts";
import type { Metrics } from "../../../src/runtime/metrics.ts";
import { customResourceDefinitions, namespaces } from "../../contract-kube-api/built-in-kinds.ts";
import { widgetDefinition, widgets } from "../../contract-kube-api/widget.ts";
import { eventually } from "../eventually.ts";

export const quiet = pino({ level: "silent" });

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}
export const configMaps: Kind<ConfigMap> = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
};

export interface Ground {
  readonly controlPlane: ControlPlane;
  /** Connects directly to the API server, not through the proxy. */
  readonly api: KubeClient;
  newNamespace(): Promise<string>;
  /** A separate client, through a proxy when one is given. */
  client(options?: {
    proxy?: TcpProxy;
    metrics?: Metrics;
    watchSilenceSeconds?: number;
    answerSeconds?: number;
  }): KubeClient;
  stop(): Promise<void>;
}

/** A control plane that the tests may kill, with the Widget kind. */
export async function breakGround(): Promise<Ground> {
  const controlPlane = await startControlPlane();
  const api = createKubeClient({ source: textSource(controlPlane.kubeconfig) });
  const clients = [api];
  await api.create(customResourceDefinitions, widgetDefinition);
  await eventually("the Widget kind is served", () => served(api));
  return {
    controlPlane,
    api,
    client({ proxy, ...options } = {}) {
      const { kubeconfig, url } = controlPlane;
      const text = proxy === undefined ? kubeconfig : kubeconfig.replace(url, `https://127.0.0.1:${proxy.port}`);
      const client = createKubeClient({ source: textSource(text), ...options });
      clients.push(client);
      return client;
    },
    async newNamespace() {
      const name = `runtime-${crypto.randomUUID().slice(0, 8)}`;
      await api.create(namespaces, { metadata: { name } });
      return name;
    },
    async stop() {
      await Promise.all(clients.map((client) => client.close()));
      await controlPlane.stop();
    },
  };
}

async function served(api: KubeApi): Promise<boolean> {
  try {
    await api.list(widgets, { limit: 1 });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

export interface TcpProxy {
  readonly port: number;
  /** Connections open now. */
  readonly open: number;
  /** The maximum of connections open at once. */
  readonly most: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Resets every connection. */
  cut(): void;
  /** From now on no data passes through the open connections, and neither side is told. */
  swallow(): void;
  /** While true, new connections are reset at once. */
  refusing: boolean;
  close(): Promise<void>;
}

/** A proxy between a client and the API server that can be cut. */
export async function startProxy(controlPlane: ControlPlane): Promise<TcpProxy> {
  const target = Number(new URL(controlPlane.url).port);
  const sockets = new Map<net.Socket, net.Socket>();
  const state = { refusing: false, most: 0, accepted: 0 };
  const server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (state.refusing) {
      socket.resetAndDestroy();
      return;
    }
    state.accepted += 1;
    const upstream = net.connect(target, "127.0.0.1");
    sockets.set(socket, upstream);
    state.most = Math.max(state.most, sockets.size);
    upstream.on("error", () => socket.destroy());
    upstream.on("close", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      upstream.destroy();
    });
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const cut = () => {
    for (const socket of [...sockets.keys()]) socket.resetAndDestroy();
  };
  return {
    port,
    get open() {
      return sockets.size;
    },
    get most() {
      return state.most;
    },
    get accepted() {
      return state.accepted;
    },
    get refusing() {
      return state.refusing;
    },
    set refusing(value) {
      state.refusing = value;
    },
    cut,
    swallow: () => {
      for (const [socket, upstream] of sockets) {
        upstream.unpipe(socket);
        socket.unpipe(upstream);
        upstream.resume();
        socket.resume();
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
