/** A client that watches video: the voice gateway by hand, DAVE by davey, RTP put together again. */
import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { DAVESession } from '@snazzah/davey';
import { rawClient } from '../../src/voice/raw-client.ts';
import { payloadOf, readHeader } from '../../src/voice/rtp.ts';
import { TransportCipher } from '../../src/voice/transport-cipher.ts';
import { depacketise } from '../../src/voice/video/packetise.ts';
import type { VideoCodec } from '../../src/voice/video/streams.ts';

export interface WatchedFrame {
  ssrc: number;
  timestamp: number;
  payloadType: number;
  sequences: number[];
  data: Buffer;
}

export interface ViewerOptions {
  guildId: string;
  channelId: string;
  userId: string;
  /** Its sender's codec decides how packets become frames. */
  codec: VideoCodec;
  dave: boolean;
  /** Whether op 1 names video codecs. */
  codecs?: VideoCodec[];
}

/** Connects, joins the group when there is one, and collects whole frames of the sender. */
export async function watch(endpoint: string, options: ViewerOptions) {
  const { guildId, channelId, userId, codec } = options;
  const client = await rawClient(endpoint);
  const udp = createSocket('udp4');
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const identity = {
    server_id: guildId,
    user_id: userId,
    session_id: 's',
    token: 't',
    max_dave_protocol_version: options.dave ? 1 : 0,
    video: true,
    streams: [{ type: 'video', rid: '100', quality: 100 }],
  };
  const codecs = options.codecs?.map((name) => ({ name, type: 'video', payload_type: 101 }));
  const { ready, description } = await client.enter(
    identity,
    codecs ? { codecs } : {},
    'aead_aes256_gcm_rtpsize',
    udp.address().port,
  );
  const cipher = new TransportCipher('aead_aes256_gcm_rtpsize', Buffer.from(description.d.secret_key as number[]));
  const dave = options.dave ? new DAVESession(1, userId, channelId) : undefined;
  if (dave) followGroup(client, dave);

  const events = new EventEmitter<{ frame: [WatchedFrame] }>();
  const frames: WatchedFrame[] = [];
  let pending: { sequence: number; payload: Buffer }[] = [];
  udp.on('message', (datagram) => {
    const packet = cipher.open(datagram);
    const payload = packet && payloadOf(packet);
    if (!payload) return;
    const { sequence, timestamp, ssrc, payloadType } = readHeader(packet.header);
    if (payloadType === 120) return;
    pending.push({ sequence, payload });
    if (((packet.header[1] ?? 0) & 0x80) === 0) return;
    const data = depacketise(
      codec,
      pending.map((part) => part.payload),
    );
    const frame = { ssrc, timestamp, payloadType, sequences: pending.map((part) => part.sequence), data };
    pending = [];
    frames.push(frame);
    events.emit('frame', frame);
  });
  return {
    client,
    ready,
    description: description.d,
    frames,
    async until(count: number) {
      while (frames.length < count) await once(events, 'frame');
    },
    /** Decrypts a frame of the sender. */
    decrypt(senderId: string, frame: Buffer): Buffer {
      if (!dave) return frame;
      return dave.decrypt(senderId, 1, frame); // 1: video
    },
    close() {
      client.socket.close(1000);
      udp.close();
    },
  };
}

type RawClient = Awaited<ReturnType<typeof rawClient>>;

/** Answers the delivery service as any client does. */
function followGroup(client: RawClient, dave: DAVESession): void {
  const send = (op: number, payload: Buffer) => client.socket.send(Buffer.concat([Buffer.from([op]), payload]));
  send(26, dave.getSerializedKeyPackage());
  const take = (op: number, payload: Buffer) => {
    if (op === 25) dave.setExternalSender(payload);
    if (op === 27) {
      const { commit, welcome } = dave.processProposals(payload[0] === 0 ? 0 : 1, payload.subarray(1));
      if (commit) send(28, welcome ? Buffer.concat([commit, welcome]) : commit);
    }
    if (op !== 29 && op !== 30) return;
    if (op === 29) dave.processCommit(payload.subarray(2));
    else dave.processWelcome(payload.subarray(2));
    if (payload.readUInt16BE(0) !== 0) client.send(23, { transition_id: payload.readUInt16BE(0) });
  };
  for (const message of client.binary) take(message.op, message.payload);
  client.socket.on('message', (data, isBinary) => {
    if (isBinary && Buffer.isBuffer(data)) take(data[2] ?? 0, data.subarray(3));
  });
}
