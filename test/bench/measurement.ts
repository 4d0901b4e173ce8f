export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target: Target;
  /** Which parts were real and which were not. */
  readonly setup: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type Target =
  | { readonly kind: "atMost"; readonly value: number }
  | { readonly kind: "between"; readonly low: number; readonly high: number; readonly says: string }
  /** Shown beside others, without a target. */
  | { readonly kind: "none" };

export function meets({ value, target }: Measurement): boolean {
  if (target.kind === "none") return true;
  return target.kind === "atMost" ? value <= target.value : value >= target.low && value <= target.high;
}

export function describeTarget(target: Target): string {
  if (target.kind === "none") return "";
  return target.kind === "atMost" ? `≤ ${target.value}` : target.says;
}

export function table(measurements: readonly Measurement[]): string {
  const rows = measurements.map((one) => [
    meets(one) ? (one.target.kind === "none" ? "" : "met") : "MISSED",
    one.name,
    `${Number(one.value.toPrecision(4))}${one.unit === "" ? "" : ` ${one.unit}`}`,
    describeTarget(one.target),
    one.setup,
  ]);
  const all = [["", "measured", "value", "target", "with"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
