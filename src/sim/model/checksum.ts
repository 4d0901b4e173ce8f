const polynomial = 0x04c11db7;

/** What cksum(1) prints for a text, without the blank between its two numbers: CRC and length in bytes. */
export function checksum(text: string): string {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  for (let rest = bytes.length; rest > 0; rest = Math.floor(rest / 256)) length.push(rest % 256);
  let crc = 0;
  for (const byte of [...bytes, ...length]) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ polynomial : crc << 1;
  }
  return `${~crc >>> 0}${bytes.length}`;
}
