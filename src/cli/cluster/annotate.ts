import type { PatchStep } from "./patch.ts";

/** The JSON patch that sets an annotation, or takes it away for undefined; no step where there is nothing to do. */
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
