import { z } from "zod";

/**
 * A rule that needs more than one value to judge, written twice: in CEL for the API server, which checks it on every
 * write, and in TypeScript for objects that come from an API server too old for CEL.
 */
export interface Rule<T> {
  /** CEL over `self`, and `oldSelf` for rules about a change. */
  readonly cel: string;
  /** Told to the user when the rule is broken: says what must hold. */
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

/** Where a schema keeps the words for its pattern: what they say completes the sentence "must be …". */
export const formKey = "x-form";

/** Marks what may be written as a number or as text. */
export const intOrStringKey = "x-kubernetes-int-or-string";

/** Where a CRD schema carries its CEL rules. */
export const celKey = "x-kubernetes-validations";

/** The schema, with the rules checked when it parses and written into the CRD. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  const meta = schema.meta() ?? {};
  const earlier = z.array(celRuleSchema).default([]).parse(meta[celKey]);
  return schema
    .superRefine((value, context) => reportBrokenRules(rules, value, context))
    .meta({ ...meta, [celKey]: [...earlier, ...rules.map(celRule)] });
}

/** The rule as a CRD carries it, without the TypeScript twin. */
export function celRule<T>(rule: Rule<T>): CelRule {
  return {
    rule: rule.cel,
    message: rule.message,
    ...(rule.path === undefined ? {} : { fieldPath: `.${rule.path.join(".")}` }),
  };
}

/** Evaluates the TypeScript twins of the rules as the API server evaluates their CEL; one issue per broken rule. */
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

/** Once set, the field keeps its value, and what was left out stays left out. */
export function immutable(field: string, why: string): Rule<unknown> {
  return {
    cel: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} must not change: ${why}`,
    path: [field],
  };
}

/** As {@link immutable}, for a field that is always there. */
export function immutableRequired(field: string, why: string): Rule<unknown> {
  return { cel: `self.${field} == oldSelf.${field}`, message: `${field} must not change: ${why}`, path: [field] };
}
