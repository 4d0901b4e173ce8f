import type { KindName } from "../../api/kinds.ts";
import type { Argument, Command, CommandEntry, Option } from "../command.ts";

/** Candidates for the last word of a command line that is being typed. */
export interface Suggestion {
  readonly words: readonly string[];
  /** Names of objects, which must be read from the cluster; `qualified`: written as KIND/NAME. */
  readonly objects?: { readonly kinds: readonly KindName[]; readonly qualified: boolean };
  /** The shell offers file names. */
  readonly files?: true;
}

const nothing: Suggestion = { words: [] };

/** `words`: all words after the program's name; the last one is being typed and may be empty. */
export async function suggest(commands: readonly CommandEntry[], words: readonly string[]): Promise<Suggestion> {
  const [name, ...rest] = words.slice(0, -1);
  const names = commands.map((command) => command.name);
  if (name === undefined) return { words: beginningWith(words.at(-1))([...names, "help"]) };
  if (name === "help") return rest.length > 0 ? nothing : { words: beginningWith(words.at(-1))(names) };
  const entry = commands.find((candidate) => candidate.name === name);
  return entry === undefined ? nothing : suggestFor(await entry.load(), rest, words.at(-1));
}

const beginningWith =
  (typed = "") =>
  (candidates: readonly string[]) =>
    candidates.filter((candidate) => candidate.startsWith(typed));

/** `rest`: the words between the command and the word that is being typed. */
function suggestFor(command: Command, rest: readonly string[], typed = ""): Suggestion {
  const beginning = beginningWith(typed);
  const before = read(command.options, rest);
  if (before.open !== undefined) return values(before.open, beginning);
  if (typed.startsWith("-")) {
    const excluded = before.given.flatMap(({ excludes = [] }) => excludes);
    const left = command.options.filter(
      (option) => (option.repeat === true || !before.given.includes(option)) && !excluded.includes(option.name),
    );
    return { words: beginning([...left.map((option) => `--${option.name}`), "--help"]) };
  }
  const argument = command.arguments?.[before.positionals];
  return argument === undefined ? nothing : values(argument, beginning);
}

/** The options in these words, the number of arguments, and the option whose value comes next. */
function read(options: readonly Option[], words: readonly string[]) {
  const given: Option[] = [];
  let positionals = 0;
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    const [flag] = word.split("=", 1);
    const option = options.find(
      ({ name, short }) => flag === `--${name}` || (short !== undefined && flag === `-${short}`),
    );
    if (option !== undefined) {
      given.push(option);
      if (option.placeholder !== undefined && !word.includes("=")) open = option;
    } else if (!word.startsWith("-")) positionals += 1;
  }
  return { given, positionals, open };
}

function values(of: Option | Argument, beginning: (candidates: readonly string[]) => string[]): Suggestion {
  const { placeholder = "", completes } = of;
  if (completes !== undefined)
    return { words: [], objects: { kinds: completes, qualified: "qualified" in of && of.qualified === true } };
  if (placeholder.includes("|")) return { words: beginning(placeholder.split("|")) };
  return ["FILE", "PATH"].includes(placeholder) ? { words: [], files: true } : nothing;
}
