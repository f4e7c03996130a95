import { afterEach, expect, test } from 'vitest';
import { loadVideoClip, nalUnits } from '../../src/clips/video.ts';
import { videoCodecs, videoPayloadTypes } from '../../src/voice/video/streams.ts';
import type { VoiceServer } from '../../src/voice/voice-server.ts';
import { startServer } from '../../src/voice/voice-test-kit.ts';
import { watch } from './viewer.ts';

const guildId = '100000000000000031';
const channelId = '200000000000000031';
const viewerId = '300000000000000031';
const ada = '300000000000000032';
const place = (userId: string) => ({ guildId, channelId, userId });

let server: VoiceServer;
let endpoint: string;
async function start(daveVersion: 0 | 1) {
  ({ server, endpoint } = await startServer({ daveVersion }));
  server.admit({ ...place(viewerId), sessionId: 's', token: 't' });
}
const closers: (() => void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await server.close();
});

for (const codec of videoCodecs) {
  for (const daveVersion of [0, 1] as const) {
    test(`${codec} of a member arrives frame by frame, ${daveVersion ? 'end-to-end encrypted' : 'in clear'}`, async () => {
      await start(daveVersion);
      const clip = await loadVideoClip(codec);
      const viewer = await watch(endpoint, { ...place(viewerId), codec, dave: daveVersion === 1, codecs: [codec] });
      closers.push(viewer.close);
      const member = server.addMember(place(ada));
      await member.ready();
      member.publish(clip);
      const announced = await viewer.client.receive(12, ({ d }) => d.video_ssrc !== 0);
      expect(announced.d).toMatchObject({
        user_id: ada,
        audio_ssrc: member.ssrc,
        streams: [{ rid: '100', active: true }],
      });
      await viewer.until(12);
      const [first] = viewer.frames;
      expect(first?.ssrc).toBe(announced.d.video_ssrc);
      expect(first?.payloadType).toBe(videoPayloadTypes[codec]);
      for (const [index, frame] of viewer.frames.slice(0, 12).entries()) {
        const data = viewer.decrypt(ada, frame.data);
        expect(data).toEqual(clip.frames[index]?.data);
        expect(data.equals(frame.data)).toBe(daveVersion === 0);
        // 15 frames a second at 90 kHz.
        expect((frame.timestamp - (first?.timestamp ?? 0) + 2 ** 32) % 2 ** 32).toBe(index * 6000);
      }
      const sequences = viewer.frames.slice(0, 12).flatMap((frame) => frame.sequences);
      expect(sequences.map((sequence) => (sequence - (sequences[0] ?? 0) + 0x1_0000) % 0x1_0000)).toEqual(
        sequences.map((_, index) => index),
      );
      expect(viewer.frames.some(({ sequences: packets }) => packets.length > 1)).toBe(true);
      member.unpublish();
      await viewer.client.receive(12, ({ d }) => d.video_ssrc === 0);
    });
  }
}

test('the clips are what their decoders expect: VP8 begins with a key frame, H.264 with parameter sets', async () => {
  const [vp8, h264] = await Promise.all([loadVideoClip('VP8'), loadVideoClip('H264')]);
  expect([vp8.frames.length, h264.frames.length]).toEqual([30, 30]);
  expect([vp8.frames[0]?.isKey, h264.frames[0]?.isKey]).toEqual([true, true]);
  expect(nalUnits(h264.frames[0]?.data ?? Buffer.alloc(0)).map((unit) => (unit[0] ?? 0) & 0x1f)).toEqual(
    expect.arrayContaining([7, 8, 5]),
  );
});

test('nobody is sent video that they did not ask for; wants and codecs are passed on', async () => {
  await start(0);
  const viewer = await watch(endpoint, { ...place(viewerId), codec: 'VP8', dave: false });
  closers.push(viewer.close);
  expect(viewer.ready).toMatchObject({ streams: [{ rid: '100', active: false }] });
  const member = server.addMember(place(ada));
  member.publish(await loadVideoClip('VP8'));
  const { d } = await viewer.client.receive(12, (message) => message.d.video_ssrc !== 0);
  const ssrc = String(d.video_ssrc);
  expect(viewer.frames).toEqual([]);
  viewer.client.send(15, { any: 0, [ssrc]: 100 });
  await viewer.until(2);
  // The publisher hears what is wanted of it.
  const [layer] = (viewer.ready.streams as { ssrc: number; rtx_ssrc: number }[]) ?? [];
  if (!layer) throw new Error('no SSRC for video in op 2');
  const stream = { type: 'video', rid: '100', active: true, quality: 100, ...layer };
  viewer.client.send(12, {
    audio_ssrc: viewer.ready.ssrc,
    video_ssrc: layer.ssrc,
    rtx_ssrc: layer.rtx_ssrc,
    streams: [{ ...stream, active: true }],
  });
  expect((await viewer.client.receive(15)).d).toEqual({ [String(layer.ssrc)]: 0 });
  viewer.client.send(12, {
    audio_ssrc: viewer.ready.ssrc,
    video_ssrc: Number(ssrc),
    rtx_ssrc: 0,
    streams: [{ ...stream, ssrc: member.ssrc }],
  });
  expect(await viewer.client.closed).toBe(4020);
});

test('when somebody comes who cannot decode the codec, everybody is told of another one (op 14); flags are passed on (op 18)', async () => {
  await start(0);
  const viewer = await watch(endpoint, { ...place(viewerId), codec: 'VP8', dave: false, codecs: ['H264', 'VP8'] });
  closers.push(viewer.close);
  expect(viewer.description.video_codec).toBe('H264');
  server.admit({ ...place(ada), sessionId: 's', token: 't' });
  const other = await watch(endpoint, { ...place(ada), codec: 'VP8', dave: false, codecs: ['VP8'] });
  closers.push(other.close);
  expect(other.description.video_codec).toBe('VP8');
  expect((await viewer.client.receive(14)).d).toEqual({ video_codec: 'VP8' });
  other.client.send(18, { flags: 3 });
  expect((await viewer.client.receive(18)).d).toEqual({ user_id: ada, flags: 3 });
});
