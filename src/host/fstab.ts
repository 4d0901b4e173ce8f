/**
 * Whether the first field of an entry of /etc/fstab means this file system, by the rules of `means_it` in
 * mount-filesystem.sh: by device, UUID or label. Two file systems may have the same label: omit it if the label has not
 * led to a mount yet.
 */
export function meansFilesystem(
  source: string,
  { device, uuid, label = "" }: { readonly device: string; readonly uuid: string; readonly label?: string | undefined },
): boolean {
  const named = (tag: string, folder: string) =>
    new RegExp(`^(?:${tag}="*([^"]*)"*|/dev/disk/${folder}/(.*))$`).exec(source)?.slice(1).join("") ?? "";
  if (source === device || named("UUID", "by-uuid").toLowerCase() === uuid) return true;
  return label !== "" && named("LABEL", "by-label") === label;
}
