/** The bytes of a disk, file or logical volume, as far as anybody asks: which ones, and what blkid would say of them. */
export interface Content {
  /** Equal ids are equal bytes. */
  id: string;
  /** blkid's TYPE; empty when it finds none. */
  signature: string;
  uuid: string;
  label: string;
}

let blanks = 0;

/** All zeros. The number only tells two blanks apart, it never reaches an output. */
export function blankContent(signature = ""): Content {
  blanks += 1;
  return { id: `blank-${blanks}`, signature, uuid: "", label: "" };
}
