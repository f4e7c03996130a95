import { randomInt } from 'node:crypto';
import type { VideoClip } from '../../clips/video.ts';
import type { Clock } from '../../time/clock.ts';
import { buildPacket, type RtpPacket } from '../rtp.ts';
import { packetise } from './packetise.ts';
import { type Layer, type VideoCodec, type VideoStreams, videoPayloadTypes } from './streams.ts';

/** RTP time of video runs at 90 kHz (RFC 6184 §5.1, RFC 7741 §4.1). */
const ticksPerMs = 90;

export interface VideoPublisherOptions {
  clock: Clock;
  /** Of the video; the one after it is that of its retransmission (announced, never used). */
  ssrc: number;
  /** The frame for the wire; undefined while nothing may leave. */
  encrypt(codec: VideoCodec, frame: Buffer): Buffer | undefined;
  send(layer: Layer, packet: RtpPacket): void;
}

/** Plays a video clip over and over into RTP packets, frame by frame at its own rate. */
export class VideoPublisher {
  readonly streams: VideoStreams;
  readonly #clip: VideoClip;
  readonly #options: VideoPublisherOptions;
  readonly #layer: Layer;
  readonly #originMs: number;
  readonly #originTimestamp = randomInt(2 ** 32);
  #sequence = randomInt(0x10000);
  #cancel: () => void = () => undefined;

  constructor(clip: VideoClip, options: VideoPublisherOptions) {
    const { ssrc, clock } = options;
    this.#clip = clip;
    this.#options = options;
    this.#layer = {
      type: 'video',
      rid: '100',
      ssrc,
      rtx_ssrc: ssrc + 1,
      active: true,
      quality: 100,
      max_bitrate: 100_000,
      max_framerate: clip.framesPerSecond,
      max_resolution: { type: 'fixed', width: clip.width, height: clip.height },
    };
    this.streams = { videoSsrc: ssrc, rtxSsrc: ssrc + 1, layers: [this.#layer] };
    this.#originMs = clock.now();
    this.#arm(0);
  }

  stop(): void {
    this.#cancel();
  }

  #arm(number: number): void {
    const atMs = (number * 1000) / this.#clip.framesPerSecond;
    this.#cancel = this.#options.clock.at(this.#originMs + atMs, () => {
      this.#sendFrame(number, (this.#originTimestamp + Math.round(atMs * ticksPerMs)) % 2 ** 32);
      this.#arm(number + 1);
    });
  }

  #sendFrame(number: number, timestamp: number): void {
    const { codec, frames } = this.#clip;
    const frame = frames[number % frames.length];
    const encrypted = frame && this.#options.encrypt(codec, frame.data);
    if (!encrypted) return;
    const payloads = packetise(codec, encrypted, number);
    for (const [index, payload] of payloads.entries()) {
      const packet = buildPacket({
        sequence: this.#sequence,
        timestamp,
        ssrc: this.#layer.ssrc,
        payload,
        paddingBytes: 0,
        payloadType: videoPayloadTypes[codec],
        marker: index === payloads.length - 1,
      });
      this.#sequence = (this.#sequence + 1) & 0xffff;
      this.#options.send(this.#layer, packet);
    }
  }
}
