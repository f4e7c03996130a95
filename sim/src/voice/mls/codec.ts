/** A message of the MLS layer that cannot be read or is not allowed. */
export class MlsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MlsError';
  }
}

/** Reads TLS presentation language with the variable-length vectors of MLS (RFC 9420 §2.1). */
export class Reader {
  readonly bytes: Buffer;
  offset = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.offset === this.bytes.length;
  }

  take(length: number): Buffer {
    const end = this.offset + length;
    if (end > this.bytes.length) throw new MlsError(`message ends ${end - this.bytes.length} bytes too early`);
    const part = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return part;
  }

  u8(): number {
    return this.take(1).readUInt8(0);
  }

  u16(): number {
    return this.take(2).readUInt16BE(0);
  }

  u32(): number {
    return this.take(4).readUInt32BE(0);
  }

  u64(): bigint {
    return this.take(8).readBigUInt64BE(0);
  }

  /** A vector: its length takes 1, 2 or 4 bytes, told by the top two bits. */
  vector(): Buffer {
    const first = this.u8();
    const low = first & 0x3f;
    if (first < 0x40) return this.take(low);
    if (first < 0x80) return this.take((low << 8) | this.u8());
    if (first < 0xc0) return this.take(low * 0x1000000 + this.take(3).readUIntBE(0, 3));
    throw new MlsError('vector length starts with the invalid bits 11');
  }

  /** Every element of a vector, each read by `read`. */
  list<T>(read: (reader: Reader) => T): T[] {
    const inner = new Reader(this.vector());
    const items: T[] = [];
    while (!inner.done) items.push(read(inner));
    return items;
  }

  /** An `optional<T>`: one byte that says whether the value follows. */
  optional<T>(read: (reader: Reader) => T): T | undefined {
    const present = this.u8();
    if (present > 1) throw new MlsError('presence byte of an optional value is neither 0 nor 1');
    return present === 1 ? read(this) : undefined;
  }

  /** Refuses bytes left over. */
  end(): void {
    if (!this.done) throw new MlsError(`${this.bytes.length - this.offset} bytes too many at the end of the message`);
  }
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** An `optional<T>`. */
export function optional(value: Uint8Array | undefined): Buffer {
  return value ? Buffer.concat([Buffer.from([1]), value]) : Buffer.from([0]);
}

/** A vector with the shortest length that fits, as RFC 9420 demands. */
export function vector(...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 0x40) return Buffer.concat([Buffer.from([body.length]), body]);
  if (body.length < 0x4000) return Buffer.concat([u16(0x4000 | body.length), body]);
  return Buffer.concat([u32((0x80000000 | body.length) >>> 0), body]);
}
