const most = 40;

/** The lines that differ, without the common beginning and end of both texts: `-` before, `+` after. */
export function difference(before: string, after: string): string {
  const [old, young] = [before.split("\n"), after.split("\n")];
  const shortest = Math.min(old.length, young.length);
  let start = 0;
  while (start < shortest && old[start] === young[start]) start += 1;
  let end = 0;
  while (end < shortest - start && old.at(-1 - end) === young.at(-1 - end)) end += 1;
  const lines = [
    `@@ line ${start + 1} @@`,
    ...old.slice(start, old.length - end).map((line) => `-${line}`),
    ...young.slice(start, young.length - end).map((line) => `+${line}`),
  ];
  return lines.length <= most
    ? lines.join("\n")
    : [...lines.slice(0, most), `… ${lines.length - most} more`].join("\n");
}
