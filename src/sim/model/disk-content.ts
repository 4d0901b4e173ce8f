import { createHash } from "node:crypto";
import { blankContent, type Content } from "./content.ts";
import { createVolume } from "./ocfs2-volume.ts";

/** A UUID that depends only on the text. */
export function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Content of a disk as a rack file describes it. The size is in bytes. */
export interface DiskDescription {
  readonly size: number;
  readonly signature: string;
  readonly data?: boolean;
  readonly ocfs2?:
    | {
        readonly uuid?: string | undefined;
        readonly label: string;
        readonly cluster: string;
        readonly nodeSlots: number;
      }
    | undefined;
}

/** What a disk holds at the start; `name` determines its UUID. */
export function diskContent(name: string, disk: DiskDescription): Content {
  const { signature } = disk;
  const content: Content = { ...blankContent(signature), data: disk.data ?? false };
  if (signature === "") return content;
  content.uuid = uuidOf(`fs ${name}`);
  if (signature !== "ocfs2") return content;
  const { label, cluster, nodeSlots, uuid } = disk.ocfs2 ?? { label: "OTHER", cluster: "other", nodeSlots: 2 };
  content.uuid = uuid ?? content.uuid;
  content.label = label;
  const parameters = { uuid: content.uuid, label, cluster, nodeSlots, globalHeartbeat: false, sizeBytes: disk.size };
  content.ocfs2 = createVolume(parameters);
  return content;
}
