import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCertificate } from './certificate.ts';
import { MlsError, Reader, vector } from './mls/codec.ts';
import { buildPacket, payloadOf, readHeader } from './rtp.ts';
import { encryptionModes, TransportCipher } from './transport-cipher.ts';

test('the certificate names localhost, is a CA and carries its own signature', () => {
  const certificate = new X509Certificate(createCertificate().certificatePem);
  expect(certificate.ca).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
});

for (const mode of encryptionModes) {
  test(`${mode} opens what it sealed and nothing else`, () => {
    const cipher = new TransportCipher(mode);
    const fields = { sequence: 65535, timestamp: 2 ** 32 - 1, ssrc: 7, payload: Buffer.from('opus'), paddingBytes: 3 };
    const sealed = cipher.seal(buildPacket(fields));
    const opened = cipher.open(sealed);
    expect(opened && payloadOf(opened)).toEqual(Buffer.from('opus'));
    expect(opened && readHeader(opened.header)).toMatchObject({ sequence: 65535, timestamp: 2 ** 32 - 1, ssrc: 7 });
    for (const at of [2, 20, sealed.length - 1]) {
      const forged = Buffer.from(sealed);
      forged[at] = (forged[at] ?? 0) ^ 1;
      expect(cipher.open(forged)).toBeUndefined();
    }
    expect(cipher.open(sealed.subarray(0, 20))).toBeUndefined();
    expect(new TransportCipher(mode).open(sealed)).toBeUndefined();
  });
}

test('padding longer than the packet yields no payload', () => {
  const packet = buildPacket({ sequence: 1, timestamp: 1, ssrc: 1, payload: Buffer.from('x'), paddingBytes: 1 });
  packet.body[packet.body.length - 1] = 200;
  expect(payloadOf(packet)).toBeUndefined();
});

test('MLS vectors of every length class come back whole; short ones are refused', () => {
  for (const [length, head] of [
    [0, 1],
    [63, 1],
    [64, 2],
    [16383, 2],
    [16384, 4],
  ] as const) {
    const written = vector(Buffer.alloc(length, 5));
    expect(written.length).toBe(length + head);
    expect(new Reader(written).vector().length).toBe(length);
    if (length > 0) expect(() => new Reader(written.subarray(0, -1)).vector()).toThrow(MlsError);
  }
  expect(() => new Reader(Buffer.from([0xc0])).vector()).toThrow('invalid bits');
});
