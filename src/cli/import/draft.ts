import { apiVersion } from "../../api/common.ts";
import type { KindName } from "../../api/kinds.ts";
import { parseSpec } from "../../api/parse.ts";

/** An object for what was found on the hosts, before it is written to a file. */
export interface Draft {
  readonly kind: KindName;
  readonly name: string;
  /** Where it was found, a line each. */
  readonly found: readonly string[];
  /** Parts that the API cannot express, a line each. */
  readonly notImported: readonly string[];
  /** As a person would write it, without defaults; undefined if there are only lines to report. */
  readonly spec: Readonly<Record<string, unknown>> | undefined;
}

/** The draft after validation by the API's rules: an invalid spec is dropped, and its problem is reported. */
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

/** The manifest of a draft. */
export function manifestOf({ kind, name, spec }: Draft, namespace: string): Readonly<Record<string, unknown>> {
  return { apiVersion, kind, metadata: { name, namespace }, spec };
}

/** The fields that have a value. */
export function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** References by name. */
export const refs = (names: readonly string[]): readonly { readonly name: string }[] => names.map((name) => ({ name }));

/** The values without duplicates, sorted as text. */
export const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();
