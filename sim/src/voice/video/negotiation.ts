/** What a client behind a websocket says about video: codecs (op 1), what it publishes (op 12) and wants (op 15). */
import type { z } from 'zod';
import type * as messages from '../messages.ts';
import { CloseCode, Opcode, VoiceCloseError } from '../opcodes.ts';
import type { VoiceSession } from '../voice-session.ts';
import type { VoiceSessions } from '../voice-sessions.ts';
import { commonCodec, type VideoCodec, Wants } from './streams.ts';

/** Who named video codecs is sent video until op 15 says otherwise. */
const wantsEverything = new Wants(100);

/**
 * Takes the codecs of op 1 and answers the one that the room uses now; the others of the room are told of a change (op 14).
 */
export function updateCodec(
  session: VoiceSession,
  offered: z.output<typeof messages.selectProtocol>['codecs'],
): VideoCodec | undefined {
  const names = offered?.filter(({ type }) => type === 'video').map(({ name }) => name);
  if (!names || names.length === 0) return undefined;
  session.codecs = names;
  session.wants = wantsEverything;
  const { room } = session;
  const before = room.videoOffers();
  const codec = commonCodec([...before, names]);
  if (codec !== commonCodec(before) && before.length > 0 && codec) {
    room.tellVideoClients(Opcode.SessionUpdate, { video_codec: codec });
  }
  return codec;
}

/** Op 12. @throws VoiceCloseError 4020 when an SSRC is not one that op 2 gave the client. */
export function takeVideo(session: VoiceSession, data: z.output<typeof messages.video>, sessions: VoiceSessions): void {
  const layers = data.streams.filter(({ active, ssrc }) => active && ssrc !== 0);
  const ssrcs = [data.video_ssrc, data.rtx_ssrc, ...layers.flatMap((layer) => [layer.ssrc, layer.rtx_ssrc])];
  const own = [0, session.ssrc + 1, session.ssrc + 2];
  if (!ssrcs.every((ssrc) => own.includes(ssrc))) {
    throw new VoiceCloseError(CloseCode.BadRequest, 'op 12: use the SSRCs that op 2 gave (identify with video)');
  }
  sessions.claim(session, ssrcs);
  const publishes = data.video_ssrc !== 0 && layers.length > 0;
  session.video = publishes ? { videoSsrc: data.video_ssrc, rtxSsrc: data.rtx_ssrc, layers } : undefined;
  if (session.cipher) session.room.announceVideo(session);
}

/** Op 15. */
export function takeWants(session: VoiceSession, data: z.output<typeof messages.mediaSinkWants>): void {
  session.wants = Wants.of(data);
  session.room.announceWants();
}
