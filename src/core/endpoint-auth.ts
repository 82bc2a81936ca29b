/** How requests prove to the receiver who sends them. No message shows what was given: it may be a credential. */
import { OptionsError } from '../errors.ts';
import { describeType, describeValue } from './describe-value.ts';
import { expectKnownKeys } from './expect-value.ts';
import { nearest } from './nearest.ts';

/** HTTP Basic (RFC 7617), in UTF-8. */
export interface BasicAuth {
  readonly type: 'basic';
  /** 1 to 1024 characters, without a colon. */
  readonly username: string;
  /** 0 to 1024 characters. Encrypted at rest where the store has keys; in no reply. */
  readonly password: string;
}

/** A token that your application has: `authorization: Bearer …`. */
export interface BearerAuth {
  readonly type: 'bearer';
  /** Name of the function of `functions.token` that gives it, for every attempt. */
  readonly token: string;
}

/** A token from the receiver's token server, by client credentials (RFC 6749, section 4.4). */
export interface OAuth2Auth {
  readonly type: 'oauth2';
  /** Where tokens are asked for, by the rules of endpoint URLs. */
  readonly tokenUrl: string;
  /** 1 to 1024 characters. */
  readonly clientId: string;
  /** 1 to 1024 characters. Encrypted at rest where the store has keys; in no reply. */
  readonly clientSecret: string;
  /** Sent as `scope`, names separated by spaces. Default: none. */
  readonly scope?: string;
  /** Sent as `audience`, which some servers want. Default: none. */
  readonly audience?: string;
  /** `basic` (default): client id and secret go into the `authorization` header of the token request; `body`: into its body. */
  readonly clientAuth?: 'basic' | 'body';
}

/** The setting `auth`. */
export type EndpointAuth = BasicAuth | BearerAuth | OAuth2Auth;

/** The same without credentials. */
export type AuthView = Omit<BasicAuth, 'password'> | BearerAuth | Omit<OAuth2Auth, 'clientSecret'>;

/** Members that are credentials. */
export const AUTH_CREDENTIALS: readonly string[] = ['password', 'clientSecret'] satisfies readonly (
  keyof BasicAuth | keyof OAuth2Auth
)[];

const KEYS: Readonly<Record<EndpointAuth['type'], readonly string[]>> = {
  basic: ['type', 'username', 'password'],
  bearer: ['type', 'token'],
  oauth2: ['type', 'tokenUrl', 'clientId', 'clientSecret', 'scope', 'audience', 'clientAuth'],
};
const MAX_LENGTH = 1024;
const MAX_URL_LENGTH = 2048;
const CONTROL = /\p{Cc}/u;

/**
 * Checks the setting `auth`. Whether a token URL may be connected to is not known here.
 *
 * @param tokenFunctions names registered under `functions.token`; undefined: every name passes
 * @throws OptionsError that shows no credential
 */
export function validateAuth(
  value: unknown,
  path: string,
  tokenFunctions: ReadonlySet<string> | undefined,
): void {
  if (value === false) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OptionsError(path, `${path}: expected { type, … } or false, got ${describeType(value)}.`);
  const auth = value as Readonly<Record<string, unknown>>;
  const { type } = auth;
  if (type !== 'basic' && type !== 'bearer' && type !== 'oauth2')
    throw unknownWord(`${path}.type`, Object.keys(KEYS), type);
  expectKnownKeys(auth, path, KEYS[type]);
  const text = (key: string, min = 1, max = MAX_LENGTH): void =>
    checkText(auth[key], `${path}.${key}`, min, max);
  switch (type) {
    case 'basic':
      text('username');
      if ((auth['username'] as string).includes(':'))
        throw new OptionsError(
          `${path}.username`,
          `${path}.username: a user name of HTTP Basic has no colon, because the password begins after it.`,
        );
      return text('password', 0);
    case 'bearer':
      return checkFunction(auth['token'], `${path}.token`, tokenFunctions);
    case 'oauth2':
      text('tokenUrl', 1, MAX_URL_LENGTH);
      text('clientId');
      text('clientSecret');
      if (auth['scope'] !== undefined) text('scope');
      if (auth['audience'] !== undefined) text('audience');
      if (auth['clientAuth'] !== undefined && auth['clientAuth'] !== 'basic' && auth['clientAuth'] !== 'body')
        throw unknownWord(`${path}.clientAuth`, ['basic', 'body'], auth['clientAuth']);
  }
}

/** Without what was given: a credential may stand in the wrong place. */
function unknownWord(path: string, known: readonly string[], value: unknown): OptionsError {
  const words = known.map((word) => JSON.stringify(word));
  const near = typeof value === 'string' ? nearest(value, known) : undefined;
  const advice = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`;
  return new OptionsError(
    path,
    `${path}: expected ${words.join(' or ')}, got ${describeType(value)}.${advice}`,
  );
}

function checkText(value: unknown, path: string, min: number, max: number): void {
  if (typeof value !== 'string')
    throw new OptionsError(path, `${path}: expected a text, got ${describeType(value)}.`);
  if (value.length < min || value.length > max)
    throw new OptionsError(path, `${path}: expected ${min} to ${max} characters, got ${value.length}.`);
  if (CONTROL.test(value))
    throw new OptionsError(path, `${path}: expected a text without control characters.`);
}

function checkFunction(value: unknown, path: string, known: ReadonlySet<string> | undefined): void {
  if (typeof value === 'string' && value !== '' && known?.has(value) !== false) return;
  const suggestion = typeof value === 'string' ? nearest(value, [...(known ?? [])]) : undefined;
  const hint =
    suggestion === undefined
      ? 'A token itself has no place here: register a function that gives it under functions.token.'
      : `Did you mean ${JSON.stringify(suggestion)}?`;
  throw new OptionsError(
    path,
    // Whoever takes this for the token itself must not find it in a log.
    `${path}: expected the name of a function registered under functions.token, got ${typeof value === 'string' ? describeType(value) : describeValue(value)}. ${hint}`,
  );
}

/** The setting as replies may show it. */
export function toAuthView(auth: EndpointAuth): AuthView {
  switch (auth.type) {
    case 'basic':
      return { type: auth.type, username: auth.username };
    case 'bearer':
      return { type: auth.type, token: auth.token };
    case 'oauth2': {
      const { clientSecret: _hidden, ...rest } = auth;
      return rest;
    }
  }
}
