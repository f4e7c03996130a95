/** Codecs that frames are encrypted for. */
export type Codec = 'Opus' | 'VP8' | 'H264';

/** A frame ready to be encrypted, and where it stays readable: packetizers need to see some of it. */
export interface PreparedFrame {
  frame: Buffer;
  /** In ascending order, not touching each other. */
  clear: ClearRange[];
}

export interface ClearRange {
  offset: number;
  size: number;
}

const longStartCode = Buffer.from([0, 0, 0, 1]);
const sliceTypes = [1, 5]; // non-IDR and IDR slices
const nalHeaderBytes = 1;

/** What of a frame stays in clear (DAVE whitepaper, "Codec handling"; the same bytes as libdave's). */
export function prepareFrame(codec: Codec, frame: Buffer): PreparedFrame {
  if (codec === 'VP8') {
    // The low bit of the first byte is 0 in key frames, of which the payload header has 10 bytes (RFC 7741 §4.3).
    const isKeyFrame = ((frame[0] ?? 1) & 1) === 0;
    return { frame, clear: [{ offset: 0, size: Math.min(isKeyFrame ? 10 : 1, frame.length) }] };
  }
  return codec === 'H264' ? prepareH264(frame) : { frame, clear: [] };
}

/**
 * H.264 (Annex B): start codes, always the long ones as WebRTC writes them, and whole NAL units stay in clear; of slices
 * only what depacketizers read, up to the id of the picture parameter set.
 */
function prepareH264(frame: Buffer): PreparedFrame {
  const units = nalUnits(frame);
  if (units.length === 0) return { frame, clear: [] };
  const parts: Buffer[] = [];
  const clear: ClearRange[] = [];
  let length = 0;
  for (const unit of units) {
    const isSlice = sliceTypes.includes((unit[0] ?? 0) & 0x1f);
    const clearBytes = isSlice ? Math.min(nalHeaderBytes + sliceHeaderBytes(unit), unit.length) : unit.length;
    const last = clear.at(-1);
    if (last && last.offset + last.size === length) last.size += longStartCode.length + clearBytes;
    else clear.push({ offset: length, size: longStartCode.length + clearBytes });
    parts.push(longStartCode, unit);
    length += longStartCode.length + unit.length;
  }
  return { frame: Buffer.concat(parts), clear };
}

/** NAL units without their start codes. */
function nalUnits(frame: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let start = findStartCode(frame, 0);
  while (start && start.end < frame.length - 1) {
    const next = findStartCode(frame, start.end);
    units.push(frame.subarray(start.end, next?.begin ?? frame.length));
    start = next;
  }
  return units;
}

/** The next `00 00 01` or `00 00 00 01`. */
export function findStartCode(frame: Buffer, from: number): { begin: number; end: number } | undefined {
  const short = frame.indexOf(longStartCode.subarray(1), from);
  if (short === -1) return undefined;
  const isLong = short > from && frame[short - 1] === 0;
  return { begin: isLong ? short - 1 : short, end: short + 3 };
}

/**
 * Bytes of a slice header that hold first_mb_in_slice, slice_type and pic_parameter_set_id, three Exp-Golomb numbers
 * (ITU-T H.264 §7.3.3, §9.1). Emulation prevention bytes (the 3 of `00 00 03`) are not part of the bits.
 */
function sliceHeaderBytes(unit: Buffer): number {
  const payload = unit.subarray(nalHeaderBytes);
  let [bit, zeroes, numbers] = [0, 0, 0];
  while (bit < payload.length * 8 && numbers < 3) {
    const index = bit >> 3;
    const byte = payload[index] ?? 0;
    const isPrevention = byte === 3 && index >= 2 && payload[index - 1] === 0 && payload[index - 2] === 0;
    if (bit % 8 === 0 && isPrevention) {
      bit += 8;
    } else if (byte & (0x80 >> (bit % 8))) {
      // As many bits follow the one as there were zeroes before it.
      numbers++;
      bit += 1 + zeroes;
      zeroes = 0;
    } else {
      if (++zeroes >= 32) return 0;
      bit++;
    }
  }
  return (bit >> 3) + 1;
}

/** Whether a packetizer would take part of the ciphertext for a start code. */
export function hasFalseStartCode(frame: Buffer, clear: readonly ClearRange[]): boolean {
  const margin = 2;
  let begin = 0;
  for (const { offset, size } of [...clear, { offset: frame.length, size: 0 }]) {
    if (begin < offset) {
      const section = frame.subarray(Math.max(begin - margin, 0), Math.min(offset + margin, frame.length));
      if (findStartCode(section, 0)) return true;
    }
    begin = offset + size;
  }
  return false;
}
