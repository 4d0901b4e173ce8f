import { type FormatNote, formatDirectory, readFormat } from "../model/running-format.ts";
import type { Host } from "../model/state.ts";
import { list } from "../model/storage.ts";

/** format_records: every format that began on this host. */
export const formatNotes = (host: Host): FormatNote[] =>
  list(host, formatDirectory)
    .map((uuid) => readFormat(host, uuid))
    .filter((note) => note !== undefined);
