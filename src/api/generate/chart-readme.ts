import { isCollection, isMap, isScalar, parseDocument, type YAMLMap } from "yaml";

const begin = "<!-- values: begin -->";
const end = "<!-- values: end -->";

interface Row {
  readonly path: string;
  /** As JSON; undefined for a group of values. */
  readonly initial?: string;
  readonly meaning: string;
}

/** The chart's README with its table of values: every key of values.yaml, its default, and the comment above it. */
export function chartReadme(current: string, valuesYaml: string): string {
  const from = current.indexOf(begin);
  const to = current.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the chart's README has no lines ${begin} and ${end}`);
  const { contents } = parseDocument(valuesYaml);
  if (!isMap(contents)) throw new Error("values.yaml is not a map");
  const table = [
    "| Value | Default | Meaning |",
    "|---|---|---|",
    ...rows(contents, "").map(({ path, initial, meaning }) => {
      const shown = initial === undefined ? "" : `\`${initial}\``;
      return `| \`${path}\` | ${shown} | ${meaning.replaceAll("|", "\\|").replaceAll("<", "&lt;")} |`;
    }),
  ];
  return `${current.slice(0, from)}${begin}\n${table.join("\n")}\n${current.slice(to)}`;
}

function rows(map: YAMLMap, prefix: string): Row[] {
  return map.items.flatMap(({ key, value }, index) => {
    if (!isScalar(key)) return [];
    // The parser assigns a comment above the first key to the map.
    const comment = index === 0 ? (map.commentBefore ?? key.commentBefore) : key.commentBefore;
    const path = `${prefix}${String(key.value)}`;
    const meaning = (comment ?? "").split("\n").join(" ").replaceAll(/\s+/g, " ").trim();
    if (isMap(value) && value.items.length > 0)
      return [...(meaning === "" ? [] : [{ path, meaning }]), ...rows(value, `${path}.`)];
    const initial: unknown = isCollection(value) || isScalar(value) ? value.toJSON() : null;
    return [{ path, initial: JSON.stringify(initial), meaning }];
  });
}
