/** Payload type that Discord gives Opus. */
export const opusPayloadType = 120;
/** Samples of one 20 ms packet at 48 kHz. */
export const samplesPerPacket = 960;
/** The Opus silence frame that clients send when they stop; it is never end-to-end encrypted. */
export const silenceFrame = Buffer.from([0xf8, 0xff, 0xfe]);

/** An RTP packet (RFC 3550) out of its transport encryption. */
export interface RtpPacket {
  /** The bytes sent in clear: 12, and 4 more (profile and length) when the X bit is set. */
  header: Buffer;
  /** The bytes that travel encrypted: extension body, payload, padding. */
  body: Buffer;
}

/** The fields of a header of at least 12 bytes. */
export function readHeader(header: Buffer) {
  return {
    version: (header[0] ?? 0) >> 6,
    payloadType: (header[1] ?? 0) & 0x7f,
    sequence: header.readUInt16BE(2),
    timestamp: header.readUInt32BE(4),
    ssrc: header.readUInt32BE(8),
  };
}

/** Bytes in clear under the rtpsize modes, or undefined when this is no RTP packet that Discord would carry. */
export function headerLength(datagram: Buffer): number | undefined {
  if (datagram.length < 12) return undefined;
  const first = datagram[0] ?? 0;
  if (first >> 6 !== 2 || (first & 0x0f) !== 0) return undefined;
  const length = first & 0x10 ? 16 : 12;
  return datagram.length >= length ? length : undefined;
}

/** The payload without extension body and padding, or undefined when the lengths do not fit. */
export function payloadOf({ header, body }: RtpPacket): Buffer | undefined {
  const first = header[0] ?? 0;
  const start = first & 0x10 ? 4 * header.readUInt16BE(14) : 0;
  const padding = first & 0x20 ? (body.at(-1) ?? 0) : 0;
  const end = body.length - padding;
  return end >= start ? body.subarray(start, end) : undefined;
}

/** What {@link buildPacket} puts together. `paddingBytes` 0 leaves the P bit clear. */
export interface RtpFields {
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
  paddingBytes: number;
  /** Default: {@link opusPayloadType}. */
  payloadType?: number;
  /** The M bit; default false. */
  marker?: boolean;
}

/**
 * A packet as Discord's own clients send it: X bit with a BEDE extension (RFC 8285: one-byte header, id 1, one byte of
 * audio level, two of padding), and a P bit where padding is asked for. The marker bit is never set for audio: some clients
 * drop it.
 */
export function buildPacket(fields: RtpFields): RtpPacket {
  const { sequence, timestamp, ssrc, payload, paddingBytes, payloadType = opusPayloadType, marker = false } = fields;
  const header = Buffer.alloc(16);
  header[0] = 0x90 | (paddingBytes > 0 ? 0x20 : 0);
  header[1] = payloadType | (marker ? 0x80 : 0);
  header.writeUInt16BE(sequence, 2);
  header.writeUInt32BE(timestamp, 4);
  header.writeUInt32BE(ssrc, 8);
  header.writeUInt16BE(0xbede, 12);
  header.writeUInt16BE(1, 14);
  const padding = Buffer.alloc(paddingBytes);
  if (paddingBytes > 0) padding[paddingBytes - 1] = paddingBytes;
  return { header, body: Buffer.concat([Buffer.from([0x10, 0x9e, 0, 0]), payload, padding]) };
}

/** Whether a payload ends like a DAVE frame (magic marker FAFA; DAVE whitepaper, "Payload Format"). */
export function isDaveFrame(payload: Buffer): boolean {
  return payload.length > 2 && payload.readUInt16BE(payload.length - 2) === 0xfafa;
}
