import { z } from "zod";
import type { Option } from "./command.ts";
import { wholeNumber } from "./whole-number.ts";

const namespaceName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const listenAddress = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:.]+\]|[^:[\]]*):\d{1,5}$/)
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, "") || "0.0.0.0", port: Number(text.slice(colon + 1)) };
  })
  .pipe(z.object({ host: z.string(), port: z.int().max(65535) }));

/** The flags of `xensan run`. */
export const runOptions: readonly Option[] = [
  {
    name: "kubeconfig",
    placeholder: "FILE",
    env: "KUBECONFIG",
    help: "Kubeconfig of the cluster to serve. Default inside a cluster, without --context: the service account.",
  },
  { name: "context", placeholder: "NAME", help: "Context of the kubeconfig. Default: the current context." },
  {
    name: "namespace",
    placeholder: "NAME",
    repeat: true,
    env: "XENSAN_NAMESPACES",
    accepts: "the name of a namespace",
    help: "Serves only the objects of this namespace. Default: all namespaces.",
  },
  {
    name: "allow-address",
    placeholder: "ADDRESS",
    repeat: true,
    env: "XENSAN_ALLOW_ADDRESSES",
    accepts: "CIDR blocks, IP addresses and host names, or only Any",
    help: "Opens SSH connections to these addresses only, regardless of the addresses in AoeServers and XenHosts. Required. Any allows every address: a user who can create an AoeServer or a XenHost can then make the operator connect to any address.",
  },
  {
    name: "probe-interval",
    placeholder: "SECONDS",
    env: "XENSAN_PROBE_INTERVAL",
    fallback: "30",
    accepts: "a whole number from 1 to 3600",
    help: "Interval between two probes of a host.",
  },
  {
    name: "migrations-at-once",
    placeholder: "COUNT",
    env: "XENSAN_MIGRATIONS_AT_ONCE",
    fallback: "4",
    accepts: "a whole number from 1 to 1000",
    help: "Maximum number of migrations that run at once, across all hosts and namespaces; further ones wait. At most one migration leaves and one enters each host at a time.",
  },
  {
    name: "leader-election",
    placeholder: "true|false",
    env: "XENSAN_LEADER_ELECTION",
    fallback: "true",
    accepts: "true or false",
    help: "Leader election: only the replica that holds the Lease acts; the others stand by.",
  },
  {
    name: "lease-namespace",
    placeholder: "NAME",
    env: "XENSAN_LEASE_NAMESPACE",
    accepts: "the name of a namespace",
    help: "Namespace of the Lease. Default: the pod's namespace inside a cluster, otherwise the context's.",
  },
  {
    name: "lease-name",
    placeholder: "NAME",
    env: "XENSAN_LEASE_NAME",
    fallback: "xensan",
    help: "Name of the Lease.",
  },
  {
    name: "identity",
    placeholder: "NAME",
    env: "XENSAN_IDENTITY",
    help: "Name of this replica in the Lease and in events; a random part is added. Default: the host name.",
  },
  {
    name: "listen",
    placeholder: "ADDRESS:PORT",
    env: "XENSAN_LISTEN",
    fallback: "127.0.0.1:8080",
    accepts: "an address and a port, such as 0.0.0.0:8080",
    help: "Address and port for /metrics, /healthz and /readyz.",
  },
  {
    name: "metrics-auth",
    placeholder: "kubernetes|none",
    env: "XENSAN_METRICS_AUTH",
    fallback: "none",
    accepts: "kubernetes or none",
    help: "kubernetes: /metrics requires a bearer token that the API server accepts (TokenReview) and that may get the non-resource URL /metrics (SubjectAccessReview). none: anyone who reaches the port may read /metrics.",
  },
  {
    name: "log-level",
    placeholder: "LEVEL",
    env: "XENSAN_LOG_LEVEL",
    fallback: "info",
    accepts: "trace, debug, info, warn or error",
    help: "Log level. The log is written as JSON lines to standard output.",
  },
];

/** Checks the values of {@link runOptions}. */
export const runSchema = z.object({
  kubeconfig: z.string().optional(),
  context: z.string().optional(),
  namespace: z.array(namespaceName),
  "allow-address": z.array(z.string()),
  "probe-interval": wholeNumber(1, 3600),
  "migrations-at-once": wholeNumber(1, 1000),
  "leader-election": z.enum(["true", "false"]),
  "lease-namespace": namespaceName.optional(),
  "lease-name": z.string().min(1).max(253),
  identity: z.string().min(1).max(200).optional(),
  listen: listenAddress,
  "metrics-auth": z.enum(["kubernetes", "none"]),
  "log-level": z.enum(["trace", "debug", "info", "warn", "error"]),
});
