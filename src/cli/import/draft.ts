import { apiVersion } from "../../api/common.ts";
import type { KindName } from "../../api/kinds.ts";
import { parseSpec } from "../../api/parse.ts";

/** An object that is made of what stands on the hosts, before it is written down. */
export interface Draft {
  readonly kind: KindName;
  readonly name: string;
  /** Where it was found, a line each. */
  readonly found: readonly string[];
  /** What of it the API has no words for, a line each. */
  readonly notImported: readonly string[];
  /** As a person would write it, defaults left out; undefined where there are only lines to say. */
  readonly spec: Readonly<Record<string, unknown>> | undefined;
}

/** As {@link Draft}, its spec judged by the API's own rules: one that they refuse is left out, and the reason is said. */
export function judged(draft: Draft): Draft {
  if (draft.spec === undefined) return draft;
  const parsed = parseSpec(draft.kind, { metadata: { name: draft.name }, spec: draft.spec });
  if (parsed.ok) return draft;
  return {
    ...draft,
    spec: undefined,
    notImported: [...draft.notImported, `${draft.kind} ${draft.name}: ${parsed.message}`],
  };
}

/** The manifest of a draft. Those of hosts say that they are observed only. */
export function manifestOf({ kind, name, spec }: Draft, namespace: string): Readonly<Record<string, unknown>> {
  return { apiVersion, kind, metadata: { name, namespace }, spec };
}

/** Fields that have a value. */
export function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** References by name. */
export const refs = (names: readonly string[]): readonly { readonly name: string }[] => names.map((name) => ({ name }));

/** The values once each, in their order of text. */
export const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();
