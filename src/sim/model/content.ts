import type { Ocfs2Volume } from "./ocfs2-volume.ts";

/** The bytes of a disk, file or logical volume, as far as anybody asks. The same object is the same bytes. */
export interface Content {
  /** blkid's TYPE or PTTYPE; empty when it finds none. */
  signature: string;
  uuid: string;
  label: string;
  /** Without a signature: whether something else than zeros stands at the edges. */
  data: boolean;
  /** With the signature `ocfs2`: what the superblock says, and the files. */
  ocfs2: Ocfs2Volume | undefined;
}

/** All zeros, or a signature and nothing else. */
export const blankContent = (signature = ""): Content => ({
  signature,
  uuid: "",
  label: "",
  data: false,
  ocfs2: undefined,
});

/** Whoever writes over it leaves nothing of what was there. */
export function overwrite(content: Content, fresh: Partial<Content>): void {
  Object.assign(content, blankContent(), fresh);
}
