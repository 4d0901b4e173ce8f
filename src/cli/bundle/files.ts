import { stringify } from "yaml";
import { z } from "zod";
import { checkLine } from "../check/check.ts";
import type { CheckResult } from "../check/result.ts";
import { scopeText } from "../cluster/connect.ts";
import type { Objects } from "../cluster/read-world.ts";
import { entitiesOf, summaryOf, type World } from "../entity.ts";
import { plain } from "../paint.ts";
import { graphOf } from "../topology/graph.ts";
import { htmlPage } from "../topology/html.ts";
import { topologyText } from "../topology/topology.ts";
import { countOf, forestOf } from "../topology/tree.ts";
import { chainOf } from "../why/chain.ts";
import { chainText } from "../why/text.ts";
import { redact } from "./redact.ts";

/** The collected data. Data that could not be read is absent, with the reason in a line of `gaps`. */
export interface Material {
  readonly version: string;
  /** RFC 3339. */
  readonly time: string;
  /** The namespace of the request; undefined for all. */
  readonly scope: string | undefined;
  readonly worlds: readonly World[];
  readonly objects: Objects;
  readonly events: readonly unknown[];
  readonly checks: readonly CheckResult[];
  /** The operator's log lines by `NAMESPACE-DEPLOYMENT`. */
  readonly logs: ReadonlyMap<string, readonly string[]>;
  readonly gaps: readonly string[];
}

const headSchema = z.looseObject({
  kind: z.string().optional(),
  metadata: z.looseObject({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
});
/** Annotations that repeat a whole manifest. */
const copies = ["kubectl.kubernetes.io/last-applied-configuration"];
/** Only the end of a log is kept. */
const logLines = 20_000;

/** The files of a bundle by their paths. */
export function filesOf(material: Material): ReadonlyMap<string, string> {
  const { scope, worlds, checks, logs } = material;
  const tree = forestOf(worlds, scope);
  const files = new Map<string, string>([
    ["summary.txt", summary(material)],
    ["topology.txt", topologyText(tree, countOf(worlds), plain)],
    ["topology.html", htmlPage(graphOf(tree), scope)],
    ["checks.txt", checks.map((one) => checkLine(one, plain)).join("")],
    ["events.yaml", documents(material.events)],
  ]);
  for (const [kind, objects] of Object.entries(material.objects))
    if (objects.length > 0) files.set(`objects/${kind.toLowerCase()}.yaml`, documents(objects));
  for (const world of worlds)
    for (const entity of entitiesOf(world))
      if (summaryOf(entity).state !== "True")
        files.set(
          `why/${scope === undefined ? `${world.namespace}/` : ""}${entity.kind.toLowerCase()}-${entity.name}.txt`,
          chainText([chainOf(entity, world)], { width: 120, paint: plain }),
        );
  for (const [name, lines] of logs) files.set(`logs/${name}.log`, `${lines.slice(-logLines).join("\n")}\n`);
  return new Map([...files].map(([name, text]) => [name, redact(text)]));
}

const documents = (objects: readonly unknown[]): string =>
  objects.map((one) => `---\n${stringify(withoutCopies(one), { lineWidth: 0 })}`).join("");

/** Without managed fields, and without the manifest of the last `kubectl apply`. */
function withoutCopies(object: unknown): unknown {
  const read = headSchema.safeParse(object);
  if (!read.success) return object;
  const { annotations, managedFields: _, ...metadata } = read.data.metadata;
  const kept = Object.entries(annotations ?? {}).filter(([name]) => !copies.includes(name));
  return {
    ...read.data,
    metadata: { ...metadata, ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }) },
  };
}

function summary({ version, time, scope, worlds, gaps }: Material): string {
  const { objects, ready } = countOf(worlds);
  return [
    `xensan ${version}, ${scopeText(scope)}, ${time}`,
    `${ready} of ${objects} objects are ready`,
    "The bundle contains no Secrets, but it contains names and addresses of your machines: review it before you share it.",
    ...gaps.map((gap) => `missing: ${gap}`),
    "",
  ].join("\n");
}
