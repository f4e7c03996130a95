/** Video clips that a simulated member can publish (made by `scripts/make-video-clips.sh`). */
import { readFile } from 'node:fs/promises';
import { type VideoCodec, videoCodecs } from '../voice/video/streams.ts';
import { clipsDirectory } from './library.ts';

export interface VideoFrame {
  /** Encoded: a VP8 frame, or an H.264 access unit in Annex B form. */
  data: Buffer;
  isKey: boolean;
}

/** A piece of video, to be played over and over. */
export interface VideoClip {
  codec: VideoCodec;
  width: number;
  height: number;
  framesPerSecond: number;
  frames: VideoFrame[];
}

/** The test picture in this codec. */
export async function loadVideoClip(codec: VideoCodec, directory: string = clipsDirectory): Promise<VideoClip> {
  const size = { width: 160, height: 120, framesPerSecond: 15 };
  if (codec === 'VP8') return { codec, ...size, frames: readIvf(await readFile(`${directory}video/test.ivf`)) };
  return { codec, ...size, frames: accessUnits(await readFile(`${directory}video/test.h264`)) };
}

/** The test picture in each codec. */
export async function loadVideoClips(directory: string = clipsDirectory): Promise<Map<VideoCodec, VideoClip>> {
  const clips = await Promise.all(videoCodecs.map((codec) => loadVideoClip(codec, directory)));
  return new Map(clips.map((clip) => [clip.codec, clip]));
}

/**
 * Frames of an IVF file: 32 bytes of header, then length (4 bytes, little-endian), time (8 bytes) and data of each frame.
 *
 * @throws {RangeError} when the file is not that.
 */
export function readIvf(file: Buffer): VideoFrame[] {
  if (file.toString('latin1', 0, 4) !== 'DKIF') throw new RangeError('not an IVF file');
  const frames: VideoFrame[] = [];
  for (let offset = file.readUInt16LE(6); offset < file.length; ) {
    const length = file.readUInt32LE(offset);
    const data = file.subarray(offset + 12, offset + 12 + length);
    if (data.length < length) throw new RangeError(`IVF frame at byte ${offset} is torn`);
    // The lowest bit of a VP8 frame is 0 for key frames (RFC 6386 §9.1).
    frames.push({ data, isKey: ((data[0] ?? 1) & 1) === 0 });
    offset += 12 + length;
  }
  return frames;
}

/** NAL units of an Annex B stream, without start codes. */
export function nalUnits(stream: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let start = -1;
  for (let index = 0; index + 2 < stream.length; index += 1) {
    if (stream[index] !== 0 || stream[index + 1] !== 0 || stream[index + 2] !== 1) continue;
    if (start >= 0) units.push(stream.subarray(start, stream[index - 1] === 0 ? index - 1 : index));
    start = index + 3;
    index += 2;
  }
  if (start >= 0) units.push(stream.subarray(start));
  return units;
}

/** Joins the units of each picture: parameter sets go with the slice after them (one slice a picture). */
function accessUnits(stream: Buffer): VideoFrame[] {
  const frames: VideoFrame[] = [];
  let pending: Buffer[] = [];
  for (const unit of nalUnits(stream)) {
    const type = (unit[0] ?? 0) & 0x1f;
    pending.push(Buffer.from([0, 0, 0, 1]), unit);
    if (type !== 1 && type !== 5) continue;
    frames.push({ data: Buffer.concat(pending), isKey: type === 5 });
    pending = [];
  }
  return frames;
}
