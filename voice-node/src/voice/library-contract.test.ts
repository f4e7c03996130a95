/**
 * The private parts of @discordjs/voice that the guards lean on. When an upgrade changes one of them this fails first, and says
 * which guard to look at.
 */
import { createRequire } from 'node:module';
import { Networking, VoiceConnection, VoiceReceiver, version } from '@discordjs/voice';
import { expect, test } from 'vitest';

const sourceOf = (owner: object, method: string): string =>
  String((owner as Record<string, (() => void) | undefined>)[method] ?? 'missing');

test('the version is the one that the guards were written for', () => {
  expect(version).toBe('0.19.2');
  const { dependencies } = createRequire(import.meta.url)('../../package.json') as {
    dependencies: Record<string, string>;
  };
  expect(dependencies['@discordjs/voice']).toBe('0.19.2');
});

test('guard-binary: MLS messages go through Networking.prototype.onWsBinary, bound in the constructor', () => {
  expect(sourceOf(Networking.prototype, 'onWsBinary')).toContain('processProposals');
  expect(String(Networking)).toContain('this.onWsBinary = this.onWsBinary.bind(this)');
});

test('guard-binary: what a resume replays before op 9 is ignored by the library, so it is held back', () => {
  expect(sourceOf(Networking.prototype, 'onWsBinary')).toMatch(
    /^onWsBinary\(message\) \{\s+if \(this\.state\.code === 4/,
  );
  expect(String(Networking)).toContain('this.onWsPacket = this.onWsPacket.bind(this)');
});

test('guard-close: the end of a networking goes through connection.onNetworkingClose, which knows 4014 alone', () => {
  expect(String(VoiceConnection)).toContain('this.onNetworkingClose = this.onNetworkingClose.bind(this)');
  expect(String(VoiceConnection)).toContain('networking.once("close", this.onNetworkingClose)');
  expect(sourceOf(VoiceConnection.prototype, 'onNetworkingClose')).toContain('code === 4014');
});

test('packet-tap: datagrams reach receiver.onUdpMessage, and parsePacket takes the whole datagram', () => {
  expect(sourceOf(VoiceReceiver.prototype, 'onUdpMessage')).toContain('ssrcMap.get');
  const parse = sourceOf(VoiceReceiver.prototype, 'parsePacket');
  expect(parse).toMatch(/^parsePacket\(buffer, mode, nonce2?, secretKey, userId\)/);
  expect(parse).toContain('.decrypt(');
  expect(String(VoiceConnection)).toContain('receiver.onUdpMessage');
});

test('leg: sequence and timestamp of what is sent are read from connectionData at each packet', () => {
  const create = sourceOf(Networking.prototype, 'createAudioPacket');
  expect(create).toContain('const { sequence, timestamp, ssrc } = connectionData');
  // What `playOpusPacket` prepares is sent at once, and only counted on afterwards.
  expect(sourceOf(Networking.prototype, 'playAudioPacket')).toContain('connectionData.timestamp += ');
});

test('connection-guards: a key object may stand in for the secret key', () => {
  expect(sourceOf(Networking.prototype, 'encryptOpusPacket')).toContain('createCipheriv');
});
