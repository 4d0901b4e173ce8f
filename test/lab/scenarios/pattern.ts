import type { Words } from "../scenario.ts";

/**
 * A process of a dom0 that writes a pattern to an AoE device and reads all of it again, every few seconds: block `n %
 * 16` of 4 KiB holds lines of LABEL and n. It records its finished writes on its own disk; if it reads anything that it
 * did not write there, it ends and keeps that, too. It retries a device that cannot be reached. It runs at the lowest
 * priority: on a translated processor it could use a whole one.
 */
export interface Pattern {
  /** Text that only this device holds. */
  readonly label: string;
  readonly target: string;
}

const place = ({ label }: Pattern) => `/root/pattern.${label}`;
const lines = 128;
const blockBytes = 4096;

/**
 * Prints the highest number on the device and the first foreign line, `-` when there is none. Fails when it cannot be
 * read.
 */
const readBack = ({ label, target }: Pattern) =>
  [
    `dd if=/dev/etherd/${target} bs=${blockBytes} count=16 iflag=direct 2>/dev/null | tr -d '\\000' | awk -v label='${label}' '`,
    `{ block = int(NR / ${lines}); if (NR % ${lines} == 0) block-- }`,
    `$1 != label || $2 !~ /^[0-9]+$/ || $2 % 16 != block { if (wrong == "") wrong = block ":" $0; next }`,
    `$2 + 0 > highest { highest = $2 + 0 }`,
    `END { if (NR != 16 * ${lines}) exit 1; print highest + 0, (wrong == "" ? "-" : wrong) }'`,
  ].join("\n");

/** A line of 32 bytes, of which 128 fill a block. */
const writeOne = ({ label, target }: Pattern) =>
  `yes "$(printf '%-15s %15d' '${label}' "$n")" | head -n ${lines} | dd of=/dev/etherd/${target} bs=${blockBytes} seek=$((n % 16)) iflag=fullblock oflag=direct conv=notrunc 2>/dev/null`;

/** Fills the device's first blocks and starts the process on the host. */
export async function startPattern({ on }: Words, host: string, pattern: Pattern): Promise<void> {
  const file = place(pattern);
  const script = [
    "n=0",
    `while [ "$n" -lt 16 ]; do ${writeOne(pattern)} && n=$((n + 1)); done`,
    "while :; do",
    `  if ${writeOne(pattern)}; then echo "$n" >${file}.written; n=$((n + 1)); fi`,
    `  if read=$(${readBack(pattern)}); then case $read in *' -') ;; *) echo "$read" >${file}.wrong; exit 1 ;; esac; fi`,
    "  sleep 5",
    "done",
  ].join("\n");
  await on(
    host,
    `rm -f ${file}.*\ncat >${file}.sh <<'XENSAN'\n${script}\nXENSAN\nsetsid nice -n 19 sh ${file}.sh </dev/null >/dev/null 2>&1 & echo $! >${file}.pid`,
  );
}

/**
 * Waits until the process has written more, and reads the device on another host: it must be whole and lose nothing.
 */
export async function wholePattern({ on, until }: Words, host: string, reader: string, pattern: Pattern) {
  const file = place(pattern);
  const before = Number(await on(host, `cat ${file}.written 2>/dev/null || echo 0`));
  const written = Number(
    await until(
      host,
      `! test -e ${file}.wrong && w=$(cat ${file}.written) && test "$w" -gt ${before + 1} && echo $w`,
      300,
    ),
  );
  const [highest = "", ...wrong] = (await until(reader, readBack(pattern), 60)).split(" ");
  if (wrong.join(" ") !== "-" || Number(highest) < written)
    throw new Error(`${pattern.target}: ${written} was written, ${highest} is there, wrong: ${wrong.join(" ")}`);
  return `${pattern.label} ${highest}`;
}

/** Throws when the process has ever read what it did not write. */
export async function nothingWrong({ on }: Words, host: string, pattern: Pattern): Promise<void> {
  const file = place(pattern);
  await on(host, `kill -0 "$(cat ${file}.pid)" || { cat ${file}.wrong; exit 1; }`);
}
