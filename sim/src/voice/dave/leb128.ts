/** A number as ULEB128: seven bits per byte, the lowest first. */
export function writeLeb128(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

/** Every ULEB128 number of `bytes`; undefined when the last one is cut off or one exceeds 32 bits. */
export function readLeb128s(bytes: Uint8Array): number[] | undefined {
  const numbers: number[] = [];
  let [value, factor] = [0, 1];
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (value > 0xffff_ffff || factor > 0x80 ** 5) return undefined;
    if (byte & 0x80) continue;
    numbers.push(value);
    [value, factor] = [0, 1];
  }
  return factor === 1 ? numbers : undefined;
}
