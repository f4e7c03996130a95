import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { expect, test } from 'vitest';
import { connectDatagrams, guardDatagrams, type VoiceUdp } from './guard-datagrams.ts';

test('only the voice server is listened to', async () => {
  const [own, server, stranger] = [createSocket('udp4'), createSocket('udp4'), createSocket('udp4')];
  for (const socket of [own, server, stranger]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  const udp = Object.assign(new EventEmitter(), {
    socket: own,
    remote: { ip: '127.0.0.1', port: server.address().port },
    onMessage: (_buffer: Buffer): void => undefined,
    send: (_buffer: Buffer): void => undefined,
  });
  own.on('message', (buffer) => udp.onMessage(buffer));
  const seen = guardDatagrams(udp as unknown as VoiceUdp);
  const heard: string[] = [];
  udp.on('message', (buffer: Buffer) => heard.push(buffer.toString()));
  stranger.send('stranger', own.address().port, '127.0.0.1');
  await once(own, 'message');
  server.send('server', own.address().port, '127.0.0.1');
  await once(udp, 'message');
  expect(heard).toEqual(['server']);
  expect(seen.strangers).toBe(1);
  expect(Math.abs(seen.arrivedAt - Date.now())).toBeLessThan(1_000);
  for (const socket of [own, server, stranger]) socket.close();
});

test('a socket tied to the voice server sends to it alone, and a server that is gone is no error of each packet', async () => {
  const [own, server, stranger] = [createSocket('udp4'), createSocket('udp4'), createSocket('udp4')];
  for (const socket of [own, server, stranger]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  const udp = Object.assign(new EventEmitter(), {
    socket: own,
    remote: { ip: '127.0.0.1', port: server.address().port },
    onMessage: (_buffer: Buffer): void => undefined,
    send: (_buffer: Buffer): void => undefined,
  });
  own.on('error', (error) => udp.emit('error', error));
  own.on('message', (buffer) => udp.onMessage(buffer));
  guardDatagrams(udp as unknown as VoiceUdp);
  const [heard, errors]: [string[], string[]] = [[], []];
  udp.on('message', (buffer: Buffer) => heard.push(buffer.toString()));
  udp.on('error', (error: Error) => errors.push(error.message));
  connectDatagrams(udp as unknown as VoiceUdp);
  await once(own, 'connect');
  udp.send(Buffer.from('hello'));
  const [message] = await once(server, 'message');
  expect(`${message}`).toBe('hello');
  stranger.send('stranger', own.address().port, '127.0.0.1');
  server.send('server', own.address().port, '127.0.0.1');
  await once(udp, 'message');
  expect(heard).toEqual(['server']);
  server.close();
  await once(server, 'close');
  const told = once(own, 'error');
  udp.send(Buffer.from('to nobody'));
  expect((await told)[0]).toMatchObject({ code: 'ECONNREFUSED' });
  own.emit('error', Object.assign(new Error('else'), { code: 'EACCES' }));
  expect(errors).toEqual(['else']);
  own.close();
  expect(() => udp.send(Buffer.alloc(8))).not.toThrow();
  stranger.close();
});

test('a keep-alive after the end of the socket harms nobody; other failures are told', () => {
  const socket = createSocket('udp4');
  const failing = { code: '' };
  const udp = {
    socket,
    remote: { ip: '127.0.0.1', port: 9 },
    onMessage: (_buffer: Buffer): void => undefined,
    emit: () => true,
    send(buffer: Buffer): void {
      if (failing.code) throw Object.assign(new Error('no'), failing);
      socket.send(buffer, 9, '127.0.0.1');
    },
  };
  guardDatagrams(udp as unknown as VoiceUdp);
  socket.close();
  expect(() => udp.send(Buffer.alloc(8))).not.toThrow();
  failing.code = 'EACCES';
  expect(() => udp.send(Buffer.alloc(8))).toThrow('no');
});
