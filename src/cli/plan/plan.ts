import { text } from "node:stream/consumers";
import { z } from "zod";
import type { KindName } from "../../api/kinds.ts";
import { clusterCommand } from "../cluster/cluster-command.ts";
import { within } from "../cluster/connect.ts";
import { clusterOptions, clusterSchema } from "../cluster/options.ts";
import { readWorld, secretStates } from "../cluster/read-world.ts";
import { type Option, UsageError } from "../command.ts";
import { type Entity, readEntity, type World, withEntities } from "../entity.ts";
import { type Manifest, parseManifests, readManifests } from "../manifests.ts";
import { paintFor } from "../paint.ts";
import { secretsNamed } from "../why/depends.ts";
import { createDryRun, type Judgement } from "./dry-run.ts";
import { forecastOf, isOurs } from "./forecast.ts";
import { missingFor } from "./missing.ts";
import { planText } from "./text.ts";

const options: readonly Option[] = [
  {
    name: "file",
    short: "f",
    placeholder: "PATH",
    repeat: true,
    help: "A file or a directory of manifests; - reads standard input.",
  },
  {
    name: "field-manager",
    placeholder: "NAME",
    fallback: "kubectl",
    help: "Field manager, as in kubectl apply --server-side. It determines which fields are removed.",
  },
  ...clusterOptions,
];
const fileSchema = z.array(z.string()).transform((files) => {
  if (files.length === 0) throw new UsageError("--file is missing: -f PATH, or -f - for standard input");
  return files;
});
const schema = clusterSchema.extend({ file: fileSchema, "field-manager": z.string().min(1).max(128) });

/** `xensan plan -f FILE`: shows what applying the manifests would change. */
export const plan = clusterCommand({
  name: "plan",
  description:
    'Sends the manifests to the API server as a dry run, which stores nothing, and prints which objects would be created, changed or refused, field by field, and which references have no target. Hosts are not contacted. To see the steps on hosts before they run, apply an object with the annotation xensan.dev/dry-run="true": the operator writes the steps to status.plan without running them, and this command prints them.',
  exitCodes: { 0: "no object would be refused", 1: "failed, or an object would be refused" },
  options,
  schema,
  async run({ given, connection, io }) {
    const manifests = (await Promise.all(given.file.map(readFrom))).flat();
    const { namespace } = connection;
    const placed = manifests.map(
      (manifest): Manifest =>
        isOurs(manifest.kind) && manifest.metadata.namespace === undefined
          ? { ...manifest, metadata: { ...manifest.metadata, namespace } }
          : manifest,
    );
    const dryRun = createDryRun(await connection.source.load(), given["field-manager"], connection.ask);
    const judged: { readonly manifest: Manifest; readonly judgement: Judgement }[] = [];
    for (const manifest of placed) judged.push({ manifest, judgement: await dryRun(manifest) });
    const worlds = new Map<string, World>();
    for (const where of new Set(
      placed.flatMap(({ kind, metadata }) => (isOurs(kind) ? (metadata.namespace ?? []) : [])),
    )) {
      const inside = placed.filter(({ metadata }) => metadata.namespace === where);
      const there = within(connection, where);
      const world = withEntities(
        await readWorld(there),
        inside.flatMap((manifest) => entityOf(manifest)),
      );
      const secrets = new Map(await secretStates(there, secretsNamed(world)));
      for (const { kind, metadata } of inside) if (kind === "Secret") secrets.set(metadata.name, "Present");
      worlds.set(where, { ...world, secrets });
    }
    const brought = new Set(placed.flatMap(definedBy));
    const forecasts = judged.map(({ manifest, judgement }) => {
      const world = worlds.get(manifest.metadata.namespace ?? "");
      const missing = world === undefined ? [] : entityOf(manifest).flatMap((entity) => missingFor(entity, world));
      return forecastOf(manifest, judgement, missing, brought.has(`${groupOf(manifest.apiVersion)}/${manifest.kind}`));
    });
    if (given.output === "json") io.stdout.write(`${JSON.stringify({ objects: forecasts }, undefined, 2)}\n`);
    else io.stdout.write(planText(forecasts, paintFor(io)));
    return forecasts.some(({ verdict }) => verdict === "Refused") ? 1 : 0;
  },
});

async function readFrom(where: string): Promise<Manifest[]> {
  return where === "-" ? parseManifests(await text(process.stdin), "standard input") : await readManifests(where);
}

const groupOf = (apiVersion: string) => (apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "");
const crdSchema = z.looseObject({
  kind: z.literal("CustomResourceDefinition"),
  spec: z.looseObject({ group: z.string(), names: z.looseObject({ kind: z.string() }) }),
});

/** `group/Kind` of the kind that a CustomResourceDefinition defines. */
function definedBy(manifest: Manifest): string[] {
  const { data } = crdSchema.safeParse(manifest);
  return data === undefined ? [] : [`${data.spec.group}/${data.spec.names.kind}`];
}

function entityOf(manifest: Manifest): Entity[] {
  const { kind } = manifest;
  return isOurs(kind) ? [readEntity(kind satisfies KindName, manifest)] : [];
}
