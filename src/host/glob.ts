/**
 * Whether a pattern that an owner set (`allowedBackings`, mount points, bridges, boot files) matches this text, as the
 * shell on the host matches it in the C locale: part by part between slashes; `*` any characters, `?` one, `[a-z]` and
 * `[!a-z]` one of a class, which may contain `[:digit:]` and the like. Takes time of at most pattern × text, whatever
 * the input.
 */
export function globMatches(glob: string, text: string): boolean {
  const patterns = glob.split("/");
  const parts = text.split("/");
  return (
    patterns.length === parts.length && patterns.every((pattern, index) => partMatches(tokensOf(pattern), parts[index]))
  );
}

/** Matches one character of the text, or any number of characters. */
type Token = "*" | ((character: string) => boolean);

/** Backtracks to the last star only: the matches of earlier stars never have to change. */
function partMatches(tokens: readonly Token[], part = ""): boolean {
  const characters = [...part];
  let token = 0;
  let star = -1;
  let resume = 0;
  for (let at = 0; at < characters.length; ) {
    const expected = tokens[token];
    if (expected === "*") {
      star = token;
      token += 1;
      resume = at;
    } else if (expected?.(characters[at] ?? "")) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      token = star + 1;
      resume += 1;
      at = resume;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every((rest) => rest === "*");
}

function tokensOf(pattern: string): Token[] {
  const characters = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; ) {
    const character = characters[at] ?? "";
    const bracket = character === "[" ? classAt(characters, at) : undefined;
    at = bracket?.after ?? at + 1;
    if (bracket !== undefined) tokens.push(bracket.holds);
    else if (character === "*") tokens.push("*");
    else if (character === "?") tokens.push(() => true);
    else tokens.push((other) => other === character);
  }
  return tokens;
}

const named: Readonly<Record<string, RegExp>> = {
  alnum: /^[A-Za-z0-9]$/,
  alpha: /^[A-Za-z]$/,
  digit: /^[0-9]$/,
  lower: /^[a-z]$/,
  punct: /^[!-/:-@[-`{-~]$/,
  upper: /^[A-Z]$/,
  xdigit: /^[0-9A-Fa-f]$/,
};

/** Parses a bracket expression (POSIX 9.3.5); undefined when it is never closed: then `[` stands for itself. */
function classAt(
  characters: readonly string[],
  start: number,
): { readonly after: number; readonly holds: (character: string) => boolean } | undefined {
  let at = start + 1;
  const inverted = characters[at] === "!" || characters[at] === "^";
  if (inverted) at += 1;
  const first = at;
  const members: ((character: string) => boolean)[] = [];
  for (; at < characters.length; at += 1) {
    const from = characters[at] ?? "";
    if (from === "]" && at > first) {
      return { after: at + 1, holds: (other) => members.some((member) => member(other)) !== inverted };
    }
    const end = from === "[" && characters[at + 1] === ":" ? endOfName(characters, at + 2) : -1;
    if (end >= 0) {
      const pattern = named[characters.slice(at + 2, end).join("")];
      members.push((other) => pattern?.test(other) ?? false);
      at = end + 1;
      continue;
    }
    const to = characters[at + 2];
    if (characters[at + 1] === "-" && to !== undefined && to !== "]") {
      members.push((other) => other >= from && other <= to);
      at += 2;
    } else {
      members.push((other) => other === from);
    }
  }
  return undefined;
}

/** Index of the `:]` that ends the name of a class; -1 without one. */
function endOfName(characters: readonly string[], from: number): number {
  let at = from;
  while (/^[a-z]$/.test(characters[at] ?? "")) at += 1;
  return characters[at] === ":" && characters[at + 1] === "]" ? at : -1;
}
