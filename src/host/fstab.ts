/**
 * Whether the first field of an entry of /etc/fstab means this file system, by the rules of `means_it` in
 * mount-filesystem.sh: by device, UUID or label. Two file systems may have the same label: omit it if the label has not
 * led to a mount yet.
 */
export function meansFilesystem(
  source: string,
  { device, uuid, label = "" }: { readonly device: string; readonly uuid: string; readonly label?: string | undefined },
): boolean {
  const named = (tag: string, folder: string) => {
    const [written, link] = [`${tag}=`, `/dev/disk/${folder}/`];
    if (source.startsWith(link)) return source.slice(link.length);
    return source.startsWith(written) ? unquoted(source.slice(written.length)) : "";
  };
  if (source === device || named("UUID", "by-uuid").toLowerCase() === uuid) return true;
  return label !== "" && named("LABEL", "by-label") === label;
}

/** Without the quotes at both ends; empty if quotes are left. A regular expression would take quadratic time. */
function unquoted(text: string): string {
  let [from, to] = [0, text.length];
  while (text[from] === '"') from += 1;
  while (to > from && text[to - 1] === '"') to -= 1;
  const inner = text.slice(from, to);
  return inner.includes('"') ? "" : inner;
}
