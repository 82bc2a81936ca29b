/** What the environment says. */

export interface Settings {
  /** PostgreSQL: users, projects and webhooks. */
  readonly databaseUrl: string;
  /** The address to listen at: this machine alone, unless it says otherwise. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Requests that the worker makes at a time. */
  readonly concurrency: number;
  /** Requests that the worker begins in a second. */
  readonly rateLimit: number;
  /** Waits between the attempts of a delivery; `undefined`: the 27 hours that Posthorn has by itself. */
  readonly retryDelaysMs: readonly number[] | undefined;
  /** How long a worker that was killed keeps others from what it had begun; `undefined`: a minute. */
  readonly leaseMs: number | undefined;
  /** Networks of one's own in which receivers may be: `127.0.0.0/8`. */
  readonly allowPrivate: readonly string[];
  /** 32 bytes in base64 that encrypt the secrets of webhooks in the database. */
  readonly secretsKey: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readSettings(environment: Environment): Settings {
  const { DATABASE_URL, WEBHOOK_RETRY_DELAYS_MS, WEBHOOK_ALLOW_PRIVATE, WEBHOOK_SECRETS_KEY } = environment;
  if (!DATABASE_URL) throw new Error('DATABASE_URL: expected the URL of a PostgreSQL database.');
  return {
    databaseUrl: DATABASE_URL,
    host: environment['HOST'] || '127.0.0.1',
    port: readNumber(environment, 'PORT', 0) ?? 3001,
    concurrency: readNumber(environment, 'WEBHOOK_WORKER_CONCURRENCY', 1) ?? 10,
    rateLimit: readNumber(environment, 'WEBHOOK_RATE_LIMIT', 1) ?? 100,
    retryDelaysMs: WEBHOOK_RETRY_DELAYS_MS
      ? WEBHOOK_RETRY_DELAYS_MS.split(',').map((text) => parseNumber('WEBHOOK_RETRY_DELAYS_MS', text, 0))
      : undefined,
    leaseMs: readNumber(environment, 'WEBHOOK_LEASE_MS', 1_000),
    allowPrivate: WEBHOOK_ALLOW_PRIVATE ? WEBHOOK_ALLOW_PRIVATE.split(',') : [],
    secretsKey: WEBHOOK_SECRETS_KEY || undefined,
  };
}

function readNumber(environment: Environment, name: string, least: number): number | undefined {
  const text = environment[name];
  return text ? parseNumber(name, text, least) : undefined;
}

function parseNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value;
  throw new Error(`${name}: expected a whole number of at least ${least}, got ${JSON.stringify(text)}.`);
}
