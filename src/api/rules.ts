import { z } from "zod";

/**
 * A rule over more than one value, written twice: in CEL for the API server, which checks it on every write, and in
 * TypeScript for objects from an API server too old for CEL.
 */
export interface Rule<T> {
  /** CEL over `self`, and `oldSelf` for rules about a change. */
  readonly cel: string;
  /** Shown to the user when the rule is broken: says what must hold. */
  readonly message: string;
  /** The offending field below the object, `["backing", "file"]`. */
  readonly path?: readonly string[];
  /** The rule in TypeScript. Absent for rules about a change: only the API server knows the old object. */
  readonly holds?: (value: T) => boolean;
}

/** One entry of `x-kubernetes-validations`. */
export const celRuleSchema = z.object({
  rule: z.string(),
  message: z.string(),
  fieldPath: z.string().optional(),
});
/** A rule of x-kubernetes-validations: a CEL expression and its message. */
export type CelRule = z.infer<typeof celRuleSchema>;

/** Key of a schema for the words of its pattern, which complete the sentence "must be …". */
export const formKey = "x-form";

/** Marks a value that may be a number or text. */
export const intOrStringKey = "x-kubernetes-int-or-string";

/** Key of a CRD schema for its CEL rules. */
export const celKey = "x-kubernetes-validations";

/** The schema with rules that are checked when it parses and are written into the CRD. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  const meta = schema.meta() ?? {};
  const earlier = z.array(celRuleSchema).default([]).parse(meta[celKey]);
  return schema
    .superRefine((value, context) => reportBrokenRules(rules, value, context))
    .meta({ ...meta, [celKey]: [...earlier, ...rules.map(celRule)] });
}

/** The rule as in a CRD, without its TypeScript form. */
export function celRule<T>(rule: Rule<T>): CelRule {
  return {
    rule: rule.cel,
    message: rule.message,
    ...(rule.path === undefined ? {} : { fieldPath: `.${rule.path.join(".")}` }),
  };
}

/** Evaluates the TypeScript form of the rules as the API server evaluates their CEL; adds one issue per broken rule. */
export function reportBrokenRules<T>(
  rules: readonly Rule<T>[],
  value: T,
  context: { addIssue(issue: { code: "custom"; message: string; path: PropertyKey[] }): void },
): void {
  for (const rule of rules) {
    if (rule.holds?.(value) === false) {
      context.addIssue({ code: "custom", message: rule.message, path: [...(rule.path ?? [])] });
    }
  }
}

/** Once set, the field keeps its value, and a field that was omitted stays omitted. */
export function immutable(field: string, why: string): Rule<unknown> {
  return {
    cel: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} must not change: ${why}`,
    path: [field],
  };
}

/** Like {@link immutable}, for a field that is always set. */
export function immutableRequired(field: string, why: string): Rule<unknown> {
  return { cel: `self.${field} == oldSelf.${field}`, message: `${field} must not change: ${why}`, path: [field] };
}
