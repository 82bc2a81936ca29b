/** What the environment says. */
import type { ApiKey } from 'posthorn/http';

export interface Settings {
  /** PostgreSQL, for webhooks and what was sent to them. */
  readonly databaseUrl: string;
  /** 32 bytes in base64 that encrypt the secrets of webhooks in the database. */
  readonly storeKey: string;
  readonly keys: readonly ApiKey[];
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly metricsPort: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readSettings(environment: Environment): Settings {
  return {
    databaseUrl: readText(environment, 'DATABASE_URL', 'the URL of a PostgreSQL database'),
    storeKey: readText(environment, 'STORE_KEY', '32 bytes in base64, as openssl rand -base64 32 makes them'),
    keys: readText(environment, 'API_KEYS', CUSTOMERS).split(',').map(readKey),
    host: environment['HOST'] || '127.0.0.1',
    port: readPort(environment, 'PORT', 3000),
    metricsPort: readPort(environment, 'METRICS_PORT', 9464),
  };
}

const CUSTOMERS = 'customers and their keys, such as acme=a-random-key,globex=another-random-key';

function readKey(text: string): ApiKey {
  const [, customer, key] = /^([^=]+)=(.+)$/.exec(text.trim()) ?? [];
  if (customer === undefined || key === undefined) throw new Error(`API_KEYS: expected ${CUSTOMERS}.`);
  return { key, id: customer, tenant: customer, scopes: ['read', 'write', 'secrets'] };
}

function readText(environment: Environment, name: string, expected: string): string {
  const text = environment[name];
  if (text) return text;
  throw new Error(`${name}: expected ${expected}, got nothing.`);
}

function readPort(environment: Environment, name: string, usual: number): number {
  const text = environment[name];
  if (!text) return usual;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`${name}: expected a port, 0 to 65535, got ${JSON.stringify(text)}.`);
}
