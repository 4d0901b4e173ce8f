/**
 * Whether the first field of an entry of /etc/fstab means this file system, as `means_it` of mount-filesystem.sh says it: by its
 * device, by its UUID, or by its label. Two file systems may have one label: leave it out where the label has led to no mount yet.
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
