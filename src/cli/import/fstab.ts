/** An entry of /etc/fstab. */
export interface FstabEntry {
  /** A device, `UUID=…` or `LABEL=…`. */
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
  /** Whether a mark of xensan is on the line above. */
  readonly ours: boolean;
}

/** The entries of an fstab(5); lines with fewer than four fields are ignored, as by mount(8). */
export function parseFstab(text: string): FstabEntry[] {
  return text.split("\n").flatMap((line, index, lines) => {
    const [source = "", mountPoint = "", type = "", options] = line
      .trim()
      .split(/[ \t]+/)
      .map(unescaped);
    if (source.startsWith("#") || options === undefined) return [];
    const ours = lines[index - 1]?.startsWith("# xensan: ") === true;
    return [{ source: source.replace(/"/g, ""), mountPoint, type, options: options.split(","), ours }];
  });
}

/** `\040` is a blank. */
const unescaped = (field: string) =>
  field.replace(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
