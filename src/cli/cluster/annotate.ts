import type { Entity } from "../entity.ts";
import type { Connection } from "./connect.ts";
import { models } from "./models.ts";
import { type PatchStep, patch } from "./patch.ts";

/** Sets an annotation of an object that was read, or removes it if undefined. Sends no request if nothing changes. */
export async function annotate(
  connection: Connection,
  { kind, name, annotations }: Pick<Entity, "kind" | "name" | "annotations">,
  key: string,
  value: string | undefined,
): Promise<void> {
  const steps = annotating(annotations, key, value);
  if (steps.length > 0) await patch(connection, models[kind], name, steps);
}

/** The JSON patch that sets an annotation, or removes it if undefined; empty if nothing changes. */
export function annotating(
  present: Readonly<Record<string, string>> | undefined,
  key: string,
  value: string | undefined,
): readonly PatchStep[] {
  const path = `/metadata/annotations/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  if (present?.[key] === value) return [];
  if (value === undefined) return [{ op: "remove", path }];
  const empty = present === undefined || Object.keys(present).length === 0;
  return [
    ...(empty ? [{ op: "add", path: "/metadata/annotations", value: {} } as const] : []),
    { op: "add", path, value },
  ];
}
