import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { pinnedMinors } from "../../../src/controlplane/versions.ts";
import { chart, installChart, uninstallChart } from "../chart-install.ts";
import { tool } from "../tools.ts";

const kubeconfigPath = inject("kubeconfigPath");
const kubectl = (...args: string[]) => tool("kubectl", kubeconfigPath, args);
const helm = (...args: string[]) => tool("helm", kubeconfigPath, args);

const rendered = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const template = async (...args: string[]) => templateOf('--set-json=allowAddresses=["192.0.2.0/24"]', ...args);
const templateOf = async (...args: string[]) =>
  parseAllDocuments(await helm("template", "xs", chart, "--namespace", "ops", ...args)).flatMap((document) => {
    const value: unknown = document.toJS();
    return value === null ? [] : [rendered.parse(value)];
  });
const names = (objects: z.infer<typeof rendered>[]) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();

const everything = ['--set-json=allowAddresses=["10.0.0.0/24","fd00::1"]'];

/** The arguments of the operator's container. */
async function flagsOf(...args: string[]): Promise<string[]> {
  const schema = z.object({
    spec: z.object({
      template: z.object({ spec: z.object({ containers: z.tuple([z.object({ args: z.array(z.string()) })]) }) }),
    }),
  });
  const deployment = (await template(...args)).find(({ kind }) => kind === "Deployment");
  return schema.parse(deployment).spec.template.spec.containers[0].args;
}

describe("the chart", () => {
  it("has no complaint from helm lint", async () => {
    expect(await helm("lint", "--strict", chart, "--set=allowAddresses=Any")).toContain("0 chart(s) failed");
  });

  it("brings the definitions that are generated into crds/, and keeps them", async () => {
    const directory = fileURLToPath(new URL("../../../crds", import.meta.url));
    const generated = await Promise.all(
      (await readdir(directory)).sort().map(async (name) => {
        const { metadata, ...rest } = rendered.parse(parse(await readFile(`${directory}/${name}`, "utf8")));
        const annotations = { "helm.sh/resource-policy": "keep" };
        return {
          ...rest,
          metadata: {
            ...metadata,
            annotations,
            labels: expect.objectContaining({ "app.kubernetes.io/instance": "xs" }),
          },
        };
      }),
    );
    expect(generated.length).toBeGreaterThan(0);
    const byName = (objects: z.infer<typeof rendered>[]) =>
      objects
        .filter(({ kind }) => kind === "CustomResourceDefinition")
        .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    expect(byName(await template())).toEqual(generated);
    expect(byName(await template("--set=crds.enabled=false"))).toEqual([]);
    expect(byName(await template("--set=crds.keep=false")).filter(({ metadata }) => metadata.annotations)).toEqual([]);
  });

  it("makes by default what two replicas need, and asks for nothing optional", async () => {
    expect(names(await template("--set=crds.enabled=false"))).toEqual([
      "ClusterRole xs-xensan",
      "ClusterRole xs-xensan-host-owner",
      "ClusterRole xs-xensan-metrics-auth",
      "ClusterRole xs-xensan-metrics-reader",
      "ClusterRole xs-xensan-user",
      "ClusterRole xs-xensan-viewer",
      "ClusterRoleBinding xs-xensan",
      "ClusterRoleBinding xs-xensan-metrics-auth",
      "Deployment xs-xensan",
      "NetworkPolicy xs-xensan",
      "NetworkPolicy xs-xensan-test",
      "Pod xs-xensan-test",
      "PodDisruptionBudget xs-xensan",
      "Role xs-xensan-cluster-id",
      "Role xs-xensan-leader",
      "RoleBinding xs-xensan-cluster-id",
      "RoleBinding xs-xensan-leader",
      "Service xs-xensan-metrics",
      "ServiceAccount xs-xensan",
      "ValidatingAdmissionPolicy xs-xensan-approvals",
      "ValidatingAdmissionPolicy xs-xensan-claims",
      "ValidatingAdmissionPolicy xs-xensan-secrets",
      "ValidatingAdmissionPolicyBinding xs-xensan-approvals",
      "ValidatingAdmissionPolicyBinding xs-xensan-claims",
      "ValidatingAdmissionPolicyBinding xs-xensan-secrets",
    ]);
  });

  it("grants nothing cluster-wide to the operator when it serves named namespaces", async () => {
    const narrow = ['--set-json=namespaces=["a","b"]', "--set=rbac.roles.create=false"];
    const roles = async (...args: string[]) =>
      names(await template(...narrow, ...args)).filter((name) => /Role/.test(name));
    const own = [
      "Role xs-xensan",
      "Role xs-xensan",
      "Role xs-xensan-cluster-id",
      "Role xs-xensan-leader",
      "RoleBinding xs-xensan",
      "RoleBinding xs-xensan",
      "RoleBinding xs-xensan-cluster-id",
      "RoleBinding xs-xensan-leader",
    ];
    expect(await roles("--set=metrics.auth=None")).toEqual(own);
    expect(await roles()).toEqual([
      "ClusterRole xs-xensan-metrics-auth",
      "ClusterRoleBinding xs-xensan-metrics-auth",
      ...own,
    ]);
  });

  describe("with a network policy", () => {
    const specOf = async (...args: string[]) => {
      const objects = await template(...args);
      return objects.find(({ kind }) => kind === "NetworkPolicy")?.spec;
    };
    const elsewhere = [
      {
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 53, protocol: "TCP" },
        ],
      },
      { ports: [{ port: 443 }, { port: 6443 }] },
    ];
    const ssh = (...blocks: string[]) => ({
      ports: [{ port: 22 }],
      to: blocks.map((cidr) => ({ ipBlock: { cidr } })),
    });

    const test = {
      ports: [{ port: "metrics" }],
      from: [
        {
          podSelector: {
            matchLabels: { "app.kubernetes.io/name": "xensan-test", "app.kubernetes.io/instance": "xs" },
          },
        },
      ],
    };

    it("lets in only the pod of helm test by default, and out to the addresses that the operator may use", async () => {
      expect(await specOf('--set-json=allowAddresses=["10.0.0.0/24","10.1.0.7","fd00::1"]')).toMatchObject({
        policyTypes: ["Ingress", "Egress"],
        ingress: [test],
        egress: [...elsewhere, ssh("10.0.0.0/24", "10.1.0.7/32", "fd00::1/128")],
      });
    });

    it("opens SSH to every address where the operator may connect to every address", async () => {
      expect(await specOf("--set=allowAddresses=Any")).toMatchObject({
        egress: [...elsewhere, { ports: [{ port: 22 }] }],
      });
    });

    it("lets in who scrapes", async () => {
      const peers = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }];
      expect(await specOf(`--set-json=networkPolicy.metricsFrom=${JSON.stringify(peers)}`)).toMatchObject({
        ingress: [test, { ports: [{ port: "metrics" }], from: peers }],
      });
    });

    it("lets nobody in where there is neither", async () => {
      expect(await specOf("--set=metrics.service.create=false")).toMatchObject({ ingress: [] });
    });

    it("never opens SSH to everywhere for a host name", async () => {
      const named = '--set-json=allowAddresses=["san.example","10.0.0.0/24"]';
      await expect(specOf(named)).rejects.toThrow(
        "networkPolicy.sshTo must list the CIDR blocks of the hosts that allowAddresses gives by name (san.example)",
      );
      expect(await specOf(named, '--set-json=networkPolicy.sshTo=["10.2.0.0/16"]')).toMatchObject({
        egress: [...elsewhere, ssh("10.2.0.0/16", "10.0.0.0/24")],
      });
    });
  });

  it("runs the operator as nobody, without capabilities, on a read-only root", async () => {
    const deployment = (await template()).find(({ kind }) => kind === "Deployment");
    expect(deployment).toMatchObject({
      spec: {
        replicas: 2,
        template: {
          spec: {
            securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
            containers: [
              {
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ["ALL"] },
                },
                livenessProbe: { httpGet: { path: "/healthz", port: "metrics" } },
                readinessProbe: { httpGet: { path: "/readyz", port: "metrics" } },
              },
            ],
          },
        },
      },
    });
  });

  it("gives the pod what its values say beside what it needs", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const values = {
      "image.digest": digest,
      extraArgs: ["--log-level=debug"],
      extraEnv: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=384" }],
      extraVolumes: [{ name: "scratch", emptyDir: {} }],
      extraVolumeMounts: [{ name: "scratch", mountPath: "/tmp" }],
      hostNetwork: true,
      hostAliases: [{ ip: "192.0.2.10", hostnames: ["san.example"] }],
      dnsConfig: { options: [{ name: "ndots", value: "1" }] },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
      extraObjects: [
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "{{ .Release.Name }}-object" } },
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: text}",
      ],
    };
    const objects = await template(
      ...Object.entries(values).map(([key, value]) => `--set-json=${key}=${JSON.stringify(value)}`),
    );
    expect(names(objects)).toEqual(expect.arrayContaining(["ConfigMap text", "ConfigMap xs-object"]));
    const selector = { "app.kubernetes.io/name": "xensan", "app.kubernetes.io/instance": "xs" };
    expect(objects.find(({ kind }) => kind === "Deployment")?.spec).toMatchObject({
      template: {
        spec: {
          hostNetwork: true,
          dnsPolicy: "ClusterFirstWithHostNet",
          dnsConfig: values.dnsConfig,
          hostAliases: values.hostAliases,
          volumes: values.extraVolumes,
          topologySpreadConstraints: [
            { ...values.topologySpreadConstraints[0], labelSelector: { matchLabels: selector } },
          ],
          containers: [
            {
              image: `xensan@${digest}`,
              args: expect.arrayContaining(values.extraArgs),
              env: expect.arrayContaining(values.extraEnv),
              volumeMounts: values.extraVolumeMounts,
            },
          ],
        },
      },
    });
  });

  it("lets one replica be evicted at a time, unless it is told what must stay", async () => {
    const budget = async (...args: string[]) =>
      (await template(...args)).find(({ kind }) => kind === "PodDisruptionBudget")?.spec;
    const rest = { selector: expect.anything(), unhealthyPodEvictionPolicy: "AlwaysAllow" };
    expect(await budget()).toEqual({ ...rest, maxUnavailable: 1 });
    expect(await budget("--set=podDisruptionBudget.minAvailable=1")).toEqual({ ...rest, minAvailable: 1 });
  });

  it("is scraped with a token, by whom the values name", async () => {
    const monitors = async (...args: string[]) =>
      (await template(...args)).filter(({ kind }) => /Monitor$/.test(kind)).map(({ kind, spec }) => ({ kind, spec }));
    const labels = { matchLabels: { "app.kubernetes.io/name": "xensan", "app.kubernetes.io/instance": "xs" } };
    const endpoint = { port: "metrics", path: "/metrics", interval: "30s", honorLabels: true };
    const service = "--set=metrics.serviceMonitor.create=true";
    const pod = "--set=metrics.podMonitor.create=true";
    const bearerTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    expect(await monitors()).toEqual([]);
    expect(await monitors(service)).toEqual([
      { kind: "ServiceMonitor", spec: { selector: labels, endpoints: [{ ...endpoint, bearerTokenFile }] } },
    ]);
    expect(await monitors(service, "--set=metrics.auth=None")).toEqual([
      { kind: "ServiceMonitor", spec: { selector: labels, endpoints: [endpoint] } },
    ]);
    await expect(monitors(pod)).rejects.toThrow(
      "metrics.podMonitor.authorization is required because metrics.auth is Kubernetes",
    );
    const authorization = { credentials: { name: "scrape", key: "token" } };
    expect(await monitors(pod, `--set-json=metrics.podMonitor.authorization=${JSON.stringify(authorization)}`)).toEqual(
      [{ kind: "PodMonitor", spec: { selector: labels, podMetricsEndpoints: [{ ...endpoint, authorization }] } }],
    );
    const readers = [{ name: "prometheus-k8s", namespace: "monitoring" }];
    expect(await template(`--set-json=metrics.readers=${JSON.stringify(readers)}`)).toContainEqual(
      expect.objectContaining({
        kind: "ClusterRoleBinding",
        roleRef: expect.objectContaining({ name: "xs-xensan-metrics-reader" }),
        subjects: [{ kind: "ServiceAccount", ...readers[0] }],
      }),
    );
  });

  it("says the oldest Kubernetes that the tests run on", async () => {
    const { kubeVersion } = z
      .object({ kubeVersion: z.string() })
      .parse(parse(await readFile(`${chart}/Chart.yaml`, "utf8")));
    expect(kubeVersion).toBe(`>=${pinnedMinors()[0]}.0-0`);
    await expect(template("--kube-version=1.33.9")).rejects.toThrow(/chart requires kubeVersion/);
  });

  it("gives only flags that the operator has", async () => {
    const { runOptions } = await import("../../../src/cli/run-options.ts");
    const [command, ...flags] = await flagsOf('--set-json=namespaces=["a"]', ...everything);
    expect(command).toBe("run");
    expect(flags).toContain("--migrations-at-once=4");
    const known = runOptions.map(({ name }) => `--${name}`);
    expect(
      flags.map((flag) => flag.split("=")[0]).filter((flag) => flag === undefined || !known.includes(flag)),
    ).toEqual([]);
  });

  it.each([[], ["--set-json=allowAddresses=[]"]])(
    "wants to know where the operator may connect: %s",
    async (...args) => {
      await expect(templateOf(...args)).rejects.toThrow(
        "allowAddresses is required: a list of CIDR blocks, IP addresses and host names that the operator may connect to, or the word Any for every address",
      );
    },
  );

  it.each([
    ['["10.0.0.0/24","san.example"]', ["--allow-address=10.0.0.0/24", "--allow-address=san.example"]],
    ['"Any"', ["--allow-address=Any"]],
  ])("tells the operator the addresses %s", async (value, expected) => {
    const flags = await flagsOf(`--set-json=allowAddresses=${value}`, "--set=networkPolicy.create=false");
    expect(flags.filter((flag) => /allow/.test(flag))).toEqual(expected);
  });

  it.each([
    ["replicaCount=-1", "/replicaCount"],
    ["image.digest=latest", "/image/digest"],
    ['extraArgs=["run"]', "/extraArgs/0"],
    ['hostAliases=[{"ip":"192.0.2.1"}]', "/hostAliases/0"],
    ["podDisruptionBudget.maxUnavailable=many", "/podDisruptionBudget/maxUnavailable"],
    ["nonsense=1", "nonsense"],
    ["logLevel=loud", "/logLevel"],
    ["migrationsAtOnce=0", "/migrationsAtOnce"],
    ['allowAddresses=["10.0.0.0/24;x"]', "/allowAddresses/0"],
    ['allowAddresses=["Any"]', "/allowAddresses/0"],
    ["allowAddresses=any", "/allowAddresses"],
    ['namespaces=["Not_A_Name"]', "/namespaces/0"],
  ])("refuses the value %s and says where it is", async (value, place) => {
    await expect(template(`--set-json=${value.replace(/=([a-z]+)$/, '="$1"')}`)).rejects.toThrow(place);
  });
});

describe("an installed chart", () => {
  const release = {
    name: "full",
    namespace: "chart-test",
    values: {
      allowAddresses: ["10.0.0.0/24", "fd00::1"],
      namespaces: ["chart-test"],
      "rbac.roles.aggregateHostOwnerToAdmin": true,
    },
  };
  beforeAll(() => installChart(kubeconfigPath, release));
  afterAll(() => uninstallChart(kubeconfigPath, release));

  it("exists on the API server, object by object", async () => {
    const manifest = await helm("get", "manifest", release.name, "--namespace", release.namespace);
    const wanted = names(
      parseAllDocuments(manifest).flatMap((document) => {
        const value: unknown = document.toJS();
        return value === null ? [] : [rendered.parse(value)];
      }),
    );
    const list = z.object({ items: z.array(rendered) });
    const get = async (...args: string[]) =>
      list.parse(JSON.parse(await kubectl("get", ...args, "-l", "app.kubernetes.io/instance=full", "-o", "json")))
        .items;
    const namespaced = "deployments,services,serviceaccounts,roles,rolebindings,poddisruptionbudgets,networkpolicies";
    const clusterWide =
      "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings";
    const found = [
      ...(await get(namespaced, "--namespace", release.namespace)),
      ...(await get("roles,rolebindings", "--namespace", "kube-system")),
      ...(await get(clusterWide)),
    ];
    expect(names(found)).toEqual(wanted);
    expect(wanted).toContain("PodDisruptionBudget full-xensan");
    expect(wanted).toContain("NetworkPolicy full-xensan");
  });

  it("can be upgraded with other values", async () => {
    await installChart(kubeconfigPath, { ...release, values: { ...release.values, replicaCount: 3 } });
    expect(
      await kubectl("get", "deployment", "full-xensan", "-n", release.namespace, "-o", "jsonpath={.spec.replicas}"),
    ).toBe("3");
  });
});

/** Whether RBAC lets a user do something: `can(as, "create", "aoevolumes", "-n", "x")`. */
async function can(as: readonly string[], ...what: string[]): Promise<string> {
  const answer = await kubectl("auth", "can-i", ...what, ...as).catch(
    (error: unknown) => z.object({ stdout: z.string() }).parse(error).stdout,
  );
  return answer.trim();
}

describe("the rights of people", () => {
  const bind = (role: string, user: string) =>
    kubectl("create", "rolebinding", user, "-n", "people", `--clusterrole=xensan-${role}`, `--user=${user}`);
  beforeAll(async () => {
    await kubectl("create", "namespace", "people");
    await bind("viewer", "vera");
    await bind("user", "uwe");
    await bind("host-owner", "hanna");
  });

  it.each([
    ["vera, the viewer,", "vera", "get", "aoeservers", "yes"],
    ["vera, the viewer,", "vera", "watch", "xenmigrations", "yes"],
    ["vera, the viewer,", "vera", "create", "aoevolumes", "no"],
    ["vera, the viewer,", "vera", "delete", "xenhosts", "no"],
    ["vera, the viewer,", "vera", "get", "secrets", "no"],
    ["uwe, the user,", "uwe", "create", "aoevolumes", "yes"],
    ["uwe, the user,", "uwe", "patch", "xenmigrations", "yes"],
    ["uwe, the user,", "uwe", "create", "aoeservers", "no"],
    ["uwe, the user,", "uwe", "patch", "aoeservers", "no"],
    ["uwe, the user,", "uwe", "update", "xenhosts", "no"],
    ["uwe, the user,", "uwe", "patch", "aoevolumes --subresource=status", "no"],
    ["hanna, who owns the hosts,", "hanna", "create", "aoeservers", "yes"],
    ["hanna, who owns the hosts,", "hanna", "delete", "xenhosts", "yes"],
    ["hanna, who owns the hosts,", "hanna", "create", "aoevolumes", "no"],
    ["hanna, who owns the hosts,", "hanna", "approve", "aoevolumes", "yes"],
    ["uwe, the user,", "uwe", "approve", "aoevolumes", "no"],
    ["hanna, who owns the hosts,", "hanna", "patch", "aoeservers --subresource=status", "no"],
  ])("%s: %s %s %s -> %s", async (_who, user, verb, resource, expected) => {
    expect(await can([`--as=${user}`, "-n", "people"], verb, ...resource.split(" "))).toBe(expected);
  });

  it("end at the namespace they are bound in", async () => {
    expect(await can(["--as=hanna", "-n", "default"], "create", "aoeservers")).toBe("no");
  });

  it.each(["abandon", "approve", "forget"])("of a user do not reach to the annotation %s", async (word) => {
    const name = `volume-${word}`;
    const spec = { serverRef: { name: "san" }, shelf: 1, slot: 1, backing: { device: "/dev/vdb" } };
    const object = { apiVersion: "xensan.dev/v1alpha1", kind: "AoeVolume", metadata: { name }, spec };
    const file = `${await mkdtemp(`${tmpdir()}/xensan-approvals-`)}/volume.json`;
    const annotated = { ...object, metadata: { name, annotations: { [`xensan.dev/${word}`]: name } } };
    const as = (user: string, ...words: string[]) => kubectl(...words, "-n", "people", `--as=${user}`);
    const forbidden = new RegExp(`xensan.dev/${word} may be set only by users with the verb approve on aoevolumes`);
    const annotate = (user: string, text: string) => as(user, "annotate", "aoevolume", name, "--overwrite", text);
    await writeFile(file, JSON.stringify(annotated));
    await expect(as("uwe", "create", "-f", file)).rejects.toThrow(forbidden);
    await writeFile(file, JSON.stringify(object));
    await as("uwe", "create", "-f", file);
    await expect(annotate("uwe", `xensan.dev/${word}=${name}`)).rejects.toThrow(forbidden);
    await annotate("uwe", "xensan.dev/paused=true");
    await annotate("hanna", `xensan.dev/${word}=${name}`);
    // A value of another user stays, and may be removed.
    await annotate("uwe", "xensan.dev/paused=false");
    await expect(annotate("uwe", `xensan.dev/${word}=other`)).rejects.toThrow(forbidden);
    await annotate("uwe", `xensan.dev/${word}-`);
  });

  it("of a user do not reach to the label by which a drain knows its migrations", async () => {
    const file = `${await mkdtemp(`${tmpdir()}/xensan-label-`)}/migration.json`;
    const migration = (name: string, labels: object) => ({
      ...{ apiVersion: "xensan.dev/v1alpha1", kind: "XenMigration" },
      ...{ metadata: { name, labels }, spec: { domain: "vm", sourceHostRef: { name: "bella" } } },
    });
    const as = (user: string, ...words: string[]) => kubectl(...words, "-n", "people", `--as=${user}`);
    const forbidden = /the label xensan.dev\/drain may be set only by the operator/;
    await writeFile(file, JSON.stringify(migration("forged", { "xensan.dev/drain": "bella" })));
    await expect(as("uwe", "create", "-f", file)).rejects.toThrow(forbidden);
    await as("system:serviceaccount:xensan-system:xensan", "create", "-f", file);
    await as("uwe", "label", "xenmigration", "forged", "team=b");
    await expect(as("uwe", "label", "xenmigration", "forged", "xensan.dev/drain=x", "--overwrite")).rejects.toThrow(
      forbidden,
    );
    await writeFile(file, JSON.stringify(migration("own", { team: "b" })));
    await as("uwe", "create", "-f", file);
    await expect(as("uwe", "label", "xenmigration", "own", "xensan.dev/drain=bella")).rejects.toThrow(forbidden);
  });

  it("of a user do not reach to the finalizer, without which nothing is cleaned up", async () => {
    const file = `${await mkdtemp(`${tmpdir()}/xensan-finalizer-`)}/volume.json`;
    const spec = { serverRef: { name: "san" }, shelf: 1, slot: 2, backing: { device: "/dev/vdb" } };
    const metadata = { name: "held", finalizers: ["xensan.dev/cleanup", "example.com/other"] };
    await writeFile(file, JSON.stringify({ apiVersion: "xensan.dev/v1alpha1", kind: "AoeVolume", metadata, spec }));
    const patch = (user: string, finalizers: readonly string[]) =>
      kubectl(
        ...["patch", "aoevolume", "held", "-n", "people", `--as=${user}`, "--type=merge"],
        ...["-p", JSON.stringify({ metadata: { finalizers } })],
      );
    await kubectl("create", "-n", "people", "--as=uwe", "-f", file);
    const forbidden = /xensan.dev\/cleanup may be removed only by users with the verb approve on aoevolumes/;
    await expect(patch("uwe", [])).rejects.toThrow(forbidden);
    await expect(patch("uwe", ["example.com/other"])).rejects.toThrow(forbidden);
    await patch("uwe", ["xensan.dev/cleanup"]);
    await kubectl("delete", "aoevolume", "held", "-n", "people", "--as=uwe", "--wait=false");
    await expect(patch("uwe", [])).rejects.toThrow(forbidden);
    await patch("system:serviceaccount:xensan-system:xensan", []);
    expect(await kubectl("get", "aoevolumes", "-n", "people", "-o", "name")).not.toContain("held");
  });

  it("of the cluster's own edit role do not reach to the Lease by which an operator serves a namespace", async () => {
    await kubectl(
      "create",
      "rolebinding",
      "erna",
      "-n",
      "people",
      "--clusterrole=system:aggregate-to-edit",
      "--user=erna",
    );
    const file = `${await mkdtemp(`${tmpdir()}/xensan-claim-`)}/lease.json`;
    const lease = (name: string) => ({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name } });
    const as = (user: string, ...words: string[]) => kubectl(...words, "-n", "people", `--as=${user}`);
    const operator = "system:serviceaccount:xensan-system:xensan";
    const forbidden = /the Lease xensan-claim may be written only by operators/;
    const holder = ["patch", "lease", "xensan-claim", "--type=merge", "-p", '{"spec":{"holderIdentity":"mine"}}'];
    await writeFile(file, JSON.stringify(lease("hers")));
    await as("erna", "create", "-f", file);
    await writeFile(file, JSON.stringify(lease("xensan-claim")));
    await expect(as("erna", "create", "-f", file)).rejects.toThrow(forbidden);
    await as(operator, "create", "-f", file);
    await expect(as("erna", ...holder)).rejects.toThrow(forbidden);
    await expect(as("erna", "delete", "lease", "xensan-claim")).rejects.toThrow(forbidden);
    await expect(as("erna", "delete", "leases", "--all")).rejects.toThrow(forbidden);
    const controllers = "--as=system:serviceaccount:kube-system:namespace-controller";
    await kubectl(
      "delete",
      "lease",
      "xensan-claim",
      "-n",
      "people",
      controllers,
      "--as-group=system:serviceaccounts:kube-system",
      "--as-group=system:masters",
    );
  });

  it("are refused by the API server itself, not only by the question", async () => {
    const refused = kubectl("delete", "aoeserver", "san", "-n", "people", "--as=uwe");
    await expect(refused).rejects.toThrow(/"uwe" cannot delete resource "aoeservers"/);
  });
});

describe("the rights of the operator's service account", () => {
  const operator = ["--as=system:serviceaccount:xensan-system:xensan"];

  it.each([
    ["list", "aoevolumes", "yes"],
    ["watch", "xenhosts", "yes"],
    ["patch", "aoeservers", "yes"],
    ["patch", "aoevolumes --subresource=status", "yes"],
    ["create", "events.events.k8s.io", "yes"],
    ["get", "secrets", "yes"],
    ["watch", "secrets", "yes"],
    ["create", "secrets", "no"],
    ["create", "aoevolumes", "no"],
    ["delete", "aoevolumes", "no"],
    ["get", "nodes", "no"],
    ["list", "pods", "no"],
    ["create", "pods --subresource=exec", "no"],
    ["get", "configmaps", "no"],
    ["create", "serviceaccounts --subresource=token", "no"],
    ["escalate", "clusterroles", "no"],
    ["impersonate", "users", "no"],
    ["patch", "customresourcedefinitions", "no"],
    // The Lease xensan-claim of each namespace that it serves.
    ["create", "leases.coordination.k8s.io", "yes"],
    ["update", "leases.coordination.k8s.io/xensan-claim", "yes"],
    ["update", "leases.coordination.k8s.io/xensan", "no"],
  ])("anywhere: %s %s -> %s", async (verb, resource, expected) => {
    expect(await can([...operator, "-n", "default"], verb, ...resource.split(" "))).toBe(expected);
  });

  it.each([
    ["create", "leases.coordination.k8s.io", "yes"],
    ["update", "leases.coordination.k8s.io/xensan", "yes"],
    ["update", "leases.coordination.k8s.io/another", "no"],
    ["delete", "leases.coordination.k8s.io/xensan", "no"],
  ])("in its own namespace: %s %s -> %s", async (verb, resource, expected) => {
    expect(await can([...operator, "-n", "xensan-system"], verb, ...resource.split(" "))).toBe(expected);
  });
});
