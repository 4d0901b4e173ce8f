import { parseArgs } from "node:util";
import type { z } from "zod";
import { type Argument, type Option, type OptionValues, UsageError } from "./command.ts";
import { didYouMean } from "./did-you-mean.ts";

/** Parses a command's flags and arguments; reads absent flags from the environment. */
export function parseOptions(
  options: readonly Option[],
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  expected: readonly Argument[] = [],
): OptionValues {
  const { tokens, positionals } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      options.map(({ name, short, placeholder }) => [
        name,
        { type: placeholder === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) },
      ]),
    ),
  });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = options.find(({ name }) => name === token.name);
    if (option === undefined || ![`--${option.name}`, `-${option.short}`].includes(token.rawName)) {
      const names = options.map(({ name }) => `--${name}`);
      const [argument] = expected;
      if (["-A", "--all-namespaces"].includes(token.rawName) && argument !== undefined && names.includes("--namespace"))
        throw new UsageError(
          `${token.rawName} cannot be combined with ${argument.placeholder}, which is in one namespace: use -n NAME`,
        );
      throw new UsageError(`unknown flag ${token.rawName}${didYouMean(token.rawName, names)}`);
    }
    if (option.placeholder === undefined) {
      if (token.value !== undefined) throw new UsageError(`--${option.name} takes no value`);
    } else if (token.value === undefined || (!token.inlineValue && token.value.startsWith("--"))) {
      throw new UsageError(`--${option.name} needs a value: --${option.name} ${option.placeholder}`);
    }
    const values = given.get(option.name) ?? [];
    if (values.length > 0 && option.repeat !== true) throw new UsageError(`--${option.name} is specified twice`);
    given.set(option.name, [...values, token.value ?? "true"]);
  }
  const surplus = positionals[expected.length];
  if (surplus !== undefined) throw new UsageError(`unexpected argument "${surplus}"`);
  const named = new Map([
    ...[...given.keys()].map((name) => [name, `--${name}`] as const),
    ...expected.slice(0, positionals.length).map(({ name, placeholder }) => [name, placeholder] as const),
  ]);
  for (const { name, excludes = [] } of options) {
    const other = excludes.find((one) => named.has(one));
    if (given.has(name) && other !== undefined)
      throw new UsageError(`--${name} cannot be combined with ${named.get(other)}: use one of them`);
  }
  return Object.fromEntries([
    ...options.flatMap((option) => {
      const value = chosen(option, given.get(option.name), env);
      return value === undefined ? [] : [[option.name, value]];
    }),
    // With --help, a command needs no arguments.
    ...(given.has("help")
      ? []
      : expected.flatMap((argument, index) => {
          const text = positionals[index];
          return text === undefined && argument.optional === true ? [] : [[argument.name, needed(argument, text)]];
        })),
  ]);
}

function needed({ placeholder, help }: Argument, text: string | undefined): string {
  if (text === undefined || text === "") throw new UsageError(`${placeholder} is missing: ${help}`);
  return text;
}

function chosen(
  option: Option,
  given: readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): OptionValues[string] | undefined {
  if (option.placeholder === undefined) return given !== undefined;
  const fromEnv = option.env === undefined ? undefined : env[option.env];
  const texts = given ?? [fromEnv === "" ? option.fallback : (fromEnv ?? option.fallback)].filter(isText);
  if (option.repeat === true) {
    if (option.whole === true) return texts;
    return texts.flatMap((text) => text.split(",").map((part) => part.trim())).filter((part) => part !== "");
  }
  return texts[0];
}

const isText = (value: string | undefined): value is string => value !== undefined;

/** Converts the values to their types; a value that does not fit is a UsageError. */
export function typed<S extends z.ZodType>(schema: S, options: readonly Option[], values: OptionValues): z.output<S> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const option = options.find(({ name }) => name === issue?.path[0]);
  if (issue === undefined || option === undefined) throw new UsageError(parsed.error.message);
  const value = values[option.name];
  const at = issue.path[1];
  const shown = Array.isArray(value) && typeof at === "number" ? value[at] : value;
  const source = option.env === undefined ? `--${option.name}` : `--${option.name} (or ${option.env})`;
  throw new UsageError(`${source} is ${JSON.stringify(shown)}; it must be ${option.accepts ?? issue.message}`);
}
