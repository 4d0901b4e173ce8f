import { styleText } from "node:util";
import type { Io } from "./command.ts";

/** Colours a text if colours are wanted. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Text without colours. */
export const plain: Paint = (_format, text) => text;

/** Colours for a person at a terminal, unless NO_COLOR is set. */
export function paintFor({ stdout, env }: Pick<Io, "stdout" | "env">): Paint {
  if (stdout.isTTY !== true || env.NO_COLOR !== undefined || env.TERM === "dumb") return plain;
  return (format, text) => styleText(format, text, { validateStream: false });
}
