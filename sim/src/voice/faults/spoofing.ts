/** Datagrams that do not come from whom they seem to: what an attacker or a broken network sends to a client. */

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { buildPacket } from '../rtp.ts';
import { TransportCipher } from '../transport-cipher.ts';
import type { VoiceSession } from '../voice-session.ts';

export const spoofKinds = ['garbage', 'truncated', 'wrongKey', 'unknownSsrc', 'replayed', 'otherSource'] as const;
/**
 * `garbage`: random bytes. `truncated`: an RTP header cut short. `wrongKey`: RTP of somebody in the room, sealed with another
 * key. `unknownSsrc`: rightly sealed RTP of an SSRC that nobody announced. `replayed`: the last datagram once more.
 * `otherSource`: as `wrongKey`, but from another port than the server's.
 */
export type SpoofKind = (typeof spoofKinds)[number];

/** Sends one such datagram to a client; `ssrc` is the one it pretends to be. Answers false when there was nothing to replay. */
export async function spoof(session: VoiceSession, kind: SpoofKind, ssrc: number): Promise<boolean> {
  const { cipher, address } = session;
  if (!cipher || !address) return false;
  const packet = (of: number) =>
    buildPacket({ sequence: 0, timestamp: 0, ssrc: of, payload: randomBytes(60), paddingBytes: 0 });
  const forged = () => new TransportCipher(cipher.mode).seal(packet(ssrc));
  if (kind === 'otherSource') {
    const socket = createSocket('udp4');
    socket.send(forged(), address.port, address.address, () => socket.close());
    await once(socket, 'close');
    return true;
  }
  const datagrams: Record<Exclude<SpoofKind, 'otherSource'>, () => Buffer | undefined> = {
    garbage: () => randomBytes(80),
    truncated: () => forged().subarray(0, 11),
    wrongKey: forged,
    unknownSsrc: () => cipher.seal(packet((ssrc + 0x4000_0000) >>> 0)),
    replayed: () => session.lastDatagram,
  };
  const datagram = datagrams[kind]();
  if (datagram) session.sendDatagram(datagram);
  return datagram !== undefined;
}
