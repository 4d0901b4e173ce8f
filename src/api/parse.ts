import type { z } from "zod";
import type { AoeServerSpec } from "./aoe-server.ts";
import type { AoeVolumeSpec } from "./aoe-volume.ts";
import type { KindDefinition } from "./definition.ts";
import { explain, type Problem, problemsOf } from "./explain.ts";
import { definitions, type KindName } from "./kinds.ts";
import type { Ocfs2ClusterSpec } from "./ocfs2-cluster.ts";
import type { XenDomainSpec } from "./xen-domain.ts";
import type { XenHostSpec } from "./xen-host.ts";
import type { XenMigrationSpec } from "./xen-migration.ts";

interface Specs {
  AoeServer: AoeServerSpec;
  AoeVolume: AoeVolumeSpec;
  XenHost: XenHostSpec;
  Ocfs2Cluster: Ocfs2ClusterSpec;
  XenDomain: XenDomainSpec;
  XenMigration: XenMigrationSpec;
}

/** A spec with its defaults, or a message for people: each bad field, its value, and the accepted values. */
export type ParsedSpec<Spec> =
  | { readonly ok: true; readonly spec: Spec }
  | { readonly ok: false; readonly message: string };

/** An object from the API server, with a spec that is not validated yet. */
export interface UnparsedObject {
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
}

/**
 * Validates an object by every rule that needs no earlier version of it, including rules that an API server without CEL
 * did not check. Never throws.
 */
export function parseSpec<K extends KindName>(kind: K, object: UnparsedObject): ParsedSpec<Specs[K]> {
  return parsers[kind](object);
}

const parsers: { [K in KindName]: (object: UnparsedObject) => ParsedSpec<Specs[K]> } = {
  AoeServer: specParser(definitions.AoeServer),
  AoeVolume: specParser(definitions.AoeVolume),
  XenHost: specParser(definitions.XenHost),
  Ocfs2Cluster: specParser(definitions.Ocfs2Cluster),
  XenDomain: specParser(definitions.XenDomain),
  XenMigration: specParser(definitions.XenMigration),
};

function specParser<K extends string, Spec extends z.ZodObject, Status extends z.ZodObject>(
  definition: KindDefinition<K, Spec, Status>,
): (object: UnparsedObject) => ParsedSpec<z.output<Spec>> {
  return (object) => {
    const parsed = definition.spec.safeParse(object.spec);
    if (!parsed.success) return refused(problemsOf(parsed.error.issues, ["spec"]), object);
    const named = { metadata: { name: object.metadata.name }, spec: parsed.data };
    const broken = definition.rules.filter((rule) => rule.holds?.(named) === false);
    if (broken.length === 0) return { ok: true, spec: parsed.data };
    return refused(
      broken.map(({ path = [], message }) => ({ path, expectation: message })),
      named,
    );
  };
}

function refused(problems: readonly Problem[], object: unknown): { readonly ok: false; readonly message: string } {
  return { ok: false, message: explain(problems, object) };
}
