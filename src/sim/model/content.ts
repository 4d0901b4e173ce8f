/** The bytes of a disk, file or logical volume, as far as anybody asks. The same object is the same bytes. */
export interface Content {
  /** blkid's TYPE; empty when it finds none. */
  signature: string;
  uuid: string;
  label: string;
}

/** All zeros, or a signature and nothing else. */
export const blankContent = (signature = ""): Content => ({ signature, uuid: "", label: "" });
