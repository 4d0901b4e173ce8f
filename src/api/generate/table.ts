/** A Markdown table; rows are complete lines. */
export function table(head: readonly string[], rows: readonly string[]): string {
  return [`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows, ""].join("\n");
}
