/** An element to draw: its own lines, and its children. */
export interface Branch {
  readonly lines: readonly string[];
  readonly children: readonly Branch[];
}

/** The lines of a tree, every child indented below its parent. */
export function drawTree({ lines, children }: Branch): string[] {
  const [head = "", ...more] = lines;
  const trunk = children.length === 0 ? "  " : "│ ";
  return [
    head,
    ...more.map((line) => trunk + line),
    ...children.flatMap((child, index) => drawChild(child, index === children.length - 1)),
  ];
}

function drawChild(child: Branch, last: boolean): string[] {
  const [head = "", ...more] = drawTree(child);
  return [`${last ? "└─" : "├─"} ${head}`, ...more.map((line) => `${last ? "   " : "│  "}${line}`)];
}
