import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A private key and a certificate, both PEM. */
export interface Certificate {
  keyPem: string;
  certificatePem: string;
}

const oids = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
};

/** One DER element: tag, definite length, contents (X.690 §8.1). */
function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 255 ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const utcTime = (date: Date) =>
  der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`, 'ascii'));

/**
 * Makes a self-signed P-256 certificate for `localhost` and `127.0.0.1` (RFC 5280), valid from yesterday for ten years.
 * CA:TRUE, so that it can be handed to NODE_EXTRA_CA_CERTS and to `tls.setDefaultCACertificates`.
 */
export function createCertificate(now = new Date()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(0x30, oid(oids.ecdsaWithSha256));
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(8)]);
  // A name of its own: a process that trusts several of these looks them up by name.
  const commonName = Buffer.from(`simulated voice ${serial.toString('hex')}`);
  const name = der(0x30, der(0x31, der(0x30, oid(oids.commonName), der(0x0c, commonName))));
  const dayMs = 86_400_000;
  const validity = der(0x30, utcTime(new Date(now.getTime() - dayMs)), utcTime(new Date(now.getTime() + 3650 * dayMs)));
  const constraints = der(0x30, oid(oids.basicConstraints), der(0x04, der(0x30, der(0x01, Buffer.from([0xff])))));
  const names = der(0x30, der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])));
  const alternatives = der(0x30, oid(oids.subjectAltName), der(0x04, names));
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, constraints, alternatives)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, privateKey));
  const base64 = der(0x30, toBeSigned, algorithm, signature).toString('base64');
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`,
  };
}
