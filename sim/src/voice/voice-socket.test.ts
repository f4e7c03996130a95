import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { rawClient } from './raw-client.ts';
import type { VoiceServer } from './voice-server.ts';
import { startServer } from './voice-test-kit.ts';

const guildId = '100000000000000001';
const channelId = '200000000000000001';
const ada = '300000000000000001';
const cleo = '300000000000000003';
const place = (userId: string) => ({ guildId, channelId, userId });

const servers: VoiceServer[] = [];
async function start(options?: Parameters<typeof startServer>[0]) {
  const started = await startServer(options);
  servers.push(started.server);
  return started;
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const identity = { server_id: guildId, user_id: ada, session_id: 's', token: 't', max_dave_protocol_version: 1 };

test('refuses what a client must not do, each with its close code', async () => {
  const { server, endpoint } = await start();
  server.admit({ guildId, channelId, userId: ada, sessionId: 's', token: 't' });
  const cases: [number, number, unknown][] = [
    [4004, 0, { ...identity, token: 'wrong' }],
    [4006, 0, { ...identity, session_id: 'other' }],
    [4017, 0, { ...identity, max_dave_protocol_version: 0 }],
    [4002, 0, { ...identity, server_id: 5 }],
    [4003, 5, { speaking: 1, ssrc: 1, delay: 0 }],
    [4006, 7, { server_id: guildId, session_id: 's', token: 't', seq_ack: 1 }],
    [4001, 99, {}],
  ];
  const malformed: [number, Buffer][] = [
    [4002, Buffer.from([26, 1, 2, 3])],
    [4002, Buffer.concat([Buffer.from([26]), Buffer.alloc(300, 4)])],
    [4002, Buffer.from([28, 0, 1, 0, 1, 0xff])],
    [4001, Buffer.from([27, 0])],
  ];
  for (const [code, bytes] of malformed) {
    const client = await rawClient(endpoint);
    client.send(0, identity);
    await client.receive(2);
    client.send(1, { protocol: 'udp', data: { address: '127.0.0.1', port: 9, mode: 'aead_aes256_gcm_rtpsize' } });
    await client.receive(4);
    client.socket.send(bytes);
    expect([bytes[0], await client.closed]).toEqual([bytes[0], code]);
  }
  server.dismiss(guildId, ada);
  server.admit({ guildId, channelId, userId: ada, sessionId: 's', token: 't' });
  for (const [code, op, data] of cases) {
    const client = await rawClient(endpoint);
    client.send(op, data);
    expect([op, await client.closed]).toEqual([op, code]);
  }
  expect(await (await rawClient(endpoint, '/?v=4')).closed).toBe(4012);
  const client = await rawClient(endpoint);
  client.send(0, identity);
  await client.receive(2);
  client.send(1, { protocol: 'udp', data: { address: '127.0.0.1', port: 9, mode: 'xsalsa20_poly1305' } });
  expect(await client.closed).toBe(4016);
});

test('takes XChaCha, resumes with what was missed, and is dismissed with 4014', async () => {
  const { server, endpoint } = await start();
  server.admit({ guildId, channelId, userId: ada, sessionId: 's', token: 't' });
  const client = await rawClient(endpoint);
  client.send(0, identity);
  await client.receive(2);
  client.send(1, { protocol: 'udp', data: { address: '127.0.0.1', port: 9, mode: 'aead_xchacha20_poly1305_rtpsize' } });
  const description = await client.receive(4);
  expect(description.d.mode).toBe('aead_xchacha20_poly1305_rtpsize');
  expect(server.isConnected(guildId, ada, channelId)).toBe(true);
  client.socket.terminate();
  await client.closed;
  server.addMember(place(cleo));
  const again = await rawClient(endpoint);
  again.send(7, { server_id: guildId, session_id: 's', token: 't', seq_ack: description.seq });
  await again.receive(9);
  expect((await again.receive(11)).d.user_ids).toEqual([cleo]);
  server.dismiss(guildId, ada);
  expect(await again.closed).toBe(4014);
  expect(server.isConnected(guildId, ada, channelId)).toBe(false);
});

test('answers discovery, and garbage datagrams change nothing', async () => {
  const { server, endpoint } = await start();
  server.admit({ guildId, channelId, userId: ada, sessionId: 's', token: 't' });
  const client = await rawClient(endpoint);
  client.send(0, identity);
  const { ssrc, port } = (await client.receive(2)).d as { ssrc: number; port: number };
  const udp = createSocket('udp4');
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const discovery = Buffer.alloc(74);
  discovery.writeUInt16BE(1, 0);
  discovery.writeUInt16BE(70, 2);
  discovery.writeUInt32BE(ssrc, 4);
  const badLength = Buffer.from(discovery);
  badLength.writeUInt16BE(12, 2);
  const rtp = Buffer.alloc(60);
  rtp[0] = 0x80;
  rtp.writeUInt32BE(ssrc, 8);
  for (const bytes of [Buffer.alloc(0), Buffer.from('x'), badLength, Buffer.alloc(300, 0xff), rtp, discovery]) {
    udp.send(bytes, port, '127.0.0.1');
  }
  const [reply] = (await once(udp, 'message')) as [Buffer];
  expect(reply.length).toBe(74);
  expect([reply.readUInt16BE(0), reply.readUInt32BE(4), reply.readUInt16BE(72)]).toEqual([2, ssrc, udp.address().port]);
  expect(reply.subarray(8, reply.indexOf(0, 8)).toString()).toBe('127.0.0.1');
  expect(server.counters.undecryptable).toBe(1);
  expect(server.counters.ignored).toBe(4);
  udp.close();
});
