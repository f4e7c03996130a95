/** Who publishes which video, and who wants it (op 12, 15; the voice gateway's video ops are documented by clients only). */

/** Video codecs that a simulated member can publish. */
export const videoCodecs = ['VP8', 'H264'] as const;
export type VideoCodec = (typeof videoCodecs)[number];

/**
 * RTP payload types. They are each client's own choice in op 1 (`codecs`); these are the ones that Discord's clients have
 * been seen to offer. RTX has the number after it.
 */
export const videoPayloadTypes: Record<VideoCodec, number> = { H264: 101, VP8: 103 };

/** One simulcast layer. */
export interface Layer {
  type: 'video' | 'screen';
  /** Layer id, such as `100`. */
  rid: string;
  ssrc: number;
  rtx_ssrc: number;
  active: boolean;
  /** 0…100: the layer's share of the full picture. */
  quality: number;
  max_bitrate?: number | undefined;
  max_framerate?: number | undefined;
  max_resolution?: { type: 'fixed' | 'source'; width: number; height: number } | undefined;
}

/** What a client publishes, as it said in op 12. */
export interface VideoStreams {
  videoSsrc: number;
  rtxSsrc: number;
  layers: Layer[];
}

/** Op 12 about somebody; all zero and empty when they publish nothing. */
export function streamsData(userId: string, audioSsrc: number, video: VideoStreams | undefined) {
  return {
    user_id: userId,
    audio_ssrc: audioSsrc,
    video_ssrc: video?.videoSsrc ?? 0,
    rtx_ssrc: video?.rtxSsrc ?? 0,
    streams: video?.layers ?? [],
  };
}

/** Op 15 of one client: a quality of 0…100 for each SSRC it names, and for `any` other. */
export class Wants {
  readonly #named: ReadonlyMap<number, number>;
  readonly #any: number;

  constructor(any: number, named: ReadonlyMap<number, number> = new Map()) {
    this.#any = any;
    this.#named = named;
  }

  static of(data: Record<string, number>): Wants {
    const named = Object.entries(data).flatMap(([key, quality]) =>
      /^\d+$/.test(key) ? [[Number(key), quality] as const] : [],
    );
    return new Wants(data.any ?? 0, new Map(named));
  }

  quality(ssrc: number): number {
    return this.#named.get(ssrc) ?? this.#any;
  }
}

/** No video at all: what a client gets that has named neither a video codec (op 1) nor a wish (op 15). */
export const wantsNothing = new Wants(0);

/** Op 15 as the server sends it to a publisher: for each layer the highest quality that anybody wants. */
export function mediaSinkWants(video: VideoStreams, viewers: readonly Wants[]): Record<string, number> {
  const highest = (ssrc: number) => Math.max(0, ...viewers.map((wants) => wants.quality(ssrc)));
  return Object.fromEntries(video.layers.map(({ ssrc }) => [String(ssrc), highest(ssrc)]));
}

/** The codec that everybody who named codecs (op 1) can decode, the first of `preferred` that is; undefined for none. */
export function commonCodec(
  offers: readonly (readonly string[])[],
  preferred: readonly VideoCodec[] = ['H264', 'VP8'],
): VideoCodec | undefined {
  return preferred.find((codec) => offers.every((offer) => offer.includes(codec)));
}
