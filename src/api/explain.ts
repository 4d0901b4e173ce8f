import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** Number of problems in one message. */
const most = 5;

/** A problem of an object: its place, and the rule that it breaks. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly expectation: string;
}

/** Problems of an object as one line for people: `spec.shelf is 70000: must be at most 65534; …`. */
export function explain(problems: readonly Problem[], object: unknown): string {
  const lines = problems.slice(0, most).map(({ path, expectation }) => {
    const value = valueAt(object, path);
    return `${formatPath(path)} is ${value === undefined ? "missing" : formatValue(value)}: ${expectation}`;
  });
  const left = problems.length - lines.length;
  return [...lines, ...(left > 0 ? [`and ${left} more`] : [])].join("; ");
}

/** The issues of zod for the value at `at`, as problems. */
export function problemsOf(issues: readonly Issue[], at: readonly PropertyKey[]): Problem[] {
  return issues.map((issue) => ({ path: [...at, ...issue.path], expectation: expectation(issue) }));
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${article(issue.expected)}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => String(value)).join(" or ")}`;
    case "too_small":
      return `must ${sizeVerb(issue.origin)} at least ${issue.minimum}${sizeUnit(issue.origin, issue.minimum)}`;
    case "too_big":
      return `must ${sizeVerb(issue.origin)} at most ${issue.maximum}${sizeUnit(issue.origin, issue.maximum)}`;
    default:
      return issue.message;
  }
}

const article = (type: string): string =>
  type === "int" ? "a whole number" : /^[aeiou]/.test(type) ? `an ${type}` : type === "array" ? "a list" : `a ${type}`;
const sizeVerb = (origin: string): string => (origin === "string" || origin === "array" ? "have" : "be");
const sizeUnit = (origin: string, bound: number | bigint): string =>
  origin === "string" ? plural(" character", bound) : origin === "array" ? plural(" entry", bound) : "";
const plural = (word: string, count: number | bigint): string =>
  Number(count) === 1 ? word : word.endsWith("y") ? `${word.slice(0, -1)}ies` : `${word}s`;

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

/** A value as JSON, shortened: specs hold no secrets, but may hold a megabyte. */
function formatValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}
