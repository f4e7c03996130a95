/** Video frames as RTP payloads. Frames come here encrypted (DAVE), with what a packetiser needs left in clear. */
import { nalUnits } from '../../clips/video.ts';
import type { VideoCodec } from './streams.ts';

/** Payload of one packet at most, in bytes: what libwebrtc keeps to, with headers, under 1,200. */
const largestPayload = 1_150;

/** The payloads of one frame, in order; the last one's packet carries the marker bit. `pictureId`: 15 bits, for VP8. */
export function packetise(codec: VideoCodec, frame: Buffer, pictureId: number): Buffer[] {
  return codec === 'VP8' ? vp8(frame, pictureId) : nalUnits(frame).flatMap(h264);
}

/** RFC 7741 §4.2: descriptor with a 15-bit picture id; S on the first packet of the frame. */
function vp8(frame: Buffer, pictureId: number): Buffer[] {
  return slices(frame).map((slice, index) => {
    const descriptor = Buffer.from([0x80 | (index === 0 ? 0x10 : 0), 0x80, 0, 0]);
    descriptor.writeUInt16BE(0x8000 | (pictureId & 0x7fff), 2);
    return Buffer.concat([descriptor, slice]);
  });
}

/** RFC 6184 §5.6 and §5.8: a NAL unit as it is, or in FU-A fragments. */
function h264(unit: Buffer): Buffer[] {
  if (unit.length <= largestPayload) return [unit];
  const header = unit[0] ?? 0;
  const pieces = slices(unit.subarray(1));
  return pieces.map((piece, index) => {
    const start = index === 0 ? 0x80 : 0;
    const end = index === pieces.length - 1 ? 0x40 : 0;
    return Buffer.concat([Buffer.from([(header & 0xe0) | 28, start | end | (header & 0x1f)]), piece]);
  });
}

function slices(bytes: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / largestPayload));
  const size = Math.ceil(bytes.length / count);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

/** The frame that these payloads carry, for viewers: the reverse of {@link packetise}. */
export function depacketise(codec: VideoCodec, payloads: readonly Buffer[]): Buffer {
  if (codec === 'VP8') return Buffer.concat(payloads.map((payload) => payload.subarray(4)));
  const startCode = Buffer.from([0, 0, 0, 1]);
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const [first = 0, second = 0] = payload;
      if ((first & 0x1f) !== 28) return [startCode, payload];
      const rest = payload.subarray(2);
      return second & 0x80 ? [startCode, Buffer.from([(first & 0xe0) | (second & 0x1f)]), rest] : [rest];
    }),
  );
}
