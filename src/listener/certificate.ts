/** Self-signed certificates for servers in tests: Node.js can sign, but not build, X.509. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A private key and its certificate, PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** What a certificate says. */
export interface CertificateClaims {
  /** The DNS name that it is for. */
  readonly host: string;
  /** First and last second of its validity, epoch ms. */
  readonly from: number;
  readonly to: number;
}

/** Makes a self-signed certificate on a fresh P-256 key; who trusts it as an authority trusts its server. */
export function createCertificate(claims: CertificateClaims): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = toBeSigned(claims, publicKey);
  const signature = sign('sha256', body, privateKey);
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: toPem(sequence(body, ECDSA_SHA256, bitString(signature))),
  };
}

/** TBSCertificate, RFC 5280 4.1.2. */
function toBeSigned(claims: CertificateClaims, publicKey: KeyObject): Buffer {
  // Positive whatever the other bytes are.
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(8)]);
  // Authorities are found by their name, so two certificates of one host must differ in it.
  const commonName = Buffer.from(`${claims.host} ${serial.toString('hex')}`);
  const name = sequence(set(sequence(COMMON_NAME, der(0x0c, commonName))));
  return sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_SHA256,
    name,
    sequence(time(claims.from), time(claims.to)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension(SUBJECT_ALT_NAME, sequence(der(0x82, Buffer.from(claims.host)))),
        extension(BASIC_CONSTRAINTS, sequence(der(0x01, Buffer.from([0xff])))),
      ),
    ),
  );
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function set(part: Buffer): Buffer {
  return der(0x31, part);
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function extension(id: Buffer, value: Buffer): Buffer {
  return sequence(id, der(0x04, value));
}

/** GeneralizedTime, which has room for every year. */
function time(instant: number): Buffer {
  const digits = new Date(instant).toISOString().slice(0, 19).replace(/\D/g, '');
  return der(0x18, Buffer.from(`${digits}Z`));
}

function toPem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** 1.2.840.10045.4.3.2 */
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
/** 2.5.4.3 */
const COMMON_NAME = Buffer.from('0603550403', 'hex');
/** 2.5.29.17 */
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');
/** 2.5.29.19 */
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
