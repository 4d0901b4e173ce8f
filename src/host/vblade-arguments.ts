/**
 * vblade's command line: options anywhere (getopt permutes), joined or apart, then shelf, slot, interface and backing.
 */
export interface VbladeArguments {
  readonly shelf: number;
  readonly slot: number;
  readonly interface: string;
  readonly backing: string;
  /** In the order given: `["-r", "-b", "16"]`. */
  readonly options: readonly string[];
}

/** Parses the arguments of a vblade; undefined if they do not make it serve anything. */
export function parseVbladeArguments(argv: readonly string[]): VbladeArguments | undefined {
  const places: string[] = [];
  const options: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (!/^-./.test(word)) {
      if (word !== "") places.push(word);
      continue;
    }
    for (let index = 1; index < word.length; index++) {
      const flag = word[index] ?? "";
      options.push(`-${flag}`);
      if (!"bolm".includes(flag)) continue;
      options.push(index + 1 < word.length ? word.slice(index + 1) : (argv[++at] ?? ""));
      break;
    }
  }
  const [shelf = "", slot = "", netif, backing] = places;
  if (netif === undefined || backing === undefined) return undefined;
  return { shelf: leadingNumber(shelf), slot: leadingNumber(slot), interface: netif, backing, options };
}

/** Like C's atoi, with which vblade reads a shelf: `abc` is 0. */
export function leadingNumber(text: string): number {
  return Number(/^\s*([0-9]{1,15})/.exec(text)?.[1] ?? 0);
}

/** A canonical text: equal exactly when the options mean the same, in any order. */
export function canonicalOptions(options: readonly string[]): string {
  const given = new Map<string, string>();
  for (let at = 0; at < options.length; at++) {
    const flag = options[at] ?? "";
    const argument = /^-[bolm]$/.test(flag) ? (options[++at] ?? "") : undefined;
    // MAC addresses are case-insensitive.
    given.set(flag, argument === undefined ? flag : `${flag} ${flag === "-m" ? argument.toLowerCase() : argument}`);
  }
  return [...given.keys()]
    .sort()
    .map((flag) => given.get(flag))
    .join(" ");
}
