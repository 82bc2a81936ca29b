/** Who may do what: the answer of `authorize`. */
import { isName, NAME_EXPECTED } from '../core/id.ts';
import { DEFAULT_TENANT } from '../core/message.ts';
import { describeValue } from '../core/describe-value.ts';

/** What a caller may be allowed. `read`: look; `write`: change and send; `secrets`: set, rotate, and be told new secrets. */
export const SCOPES = ['read', 'write', 'secrets'] as const;
/** One thing that a caller may be allowed. */
export type Scope = (typeof SCOPES)[number];

/** Who a caller is, and what it may do. */
export interface Principal {
  /** Who this is, for log lines; never a credential. 1 to 256 characters. */
  readonly id: string;
  /** Whose webhooks it sees and changes; no others exist for it. Default `'default'`. */
  readonly tenant?: string | undefined;
  /** What it may do: `read` to look, `write` to change and send, `secrets` to set, rotate, and be told new secrets. */
  readonly scopes: readonly Scope[];
}

/**
 * Says who is calling: `(request) => ({ id: 'user-1', tenant: 'user-1', scopes: ['read'] })`; `undefined` for nobody who may.
 * May be asynchronous. The body of the request must not be read.
 *
 * @param context what the mount passes beside the request; `{ incoming }`, the request of Node.js, with `toNodeHandler`
 */
export type Authorize = (
  request: Request,
  context: unknown,
) => Principal | undefined | null | false | Promise<Principal | undefined | null | false>;

/** A checked principal. */
export interface Caller {
  readonly id: string;
  readonly tenant: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** @throws TypeError for what is no principal: a mistake in `authorize` must not let anybody in */
export function readPrincipal(answer: unknown): Caller | undefined {
  if (answer === undefined || answer === null || answer === false) return undefined;
  const { id, tenant = DEFAULT_TENANT, scopes } = Object(answer) as Partial<Principal>;
  if (!isName(id)) throw wrong('id', NAME_EXPECTED, id);
  if (!isName(tenant)) throw wrong('tenant', NAME_EXPECTED, tenant);
  if (
    !Array.isArray(scopes) ||
    !scopes.every((scope: unknown) => (SCOPES as readonly unknown[]).includes(scope))
  )
    throw wrong('scopes', `a list of ${SCOPES.join(', ')}`, scopes);
  return { id, tenant, scopes: new Set(scopes) };
}

function wrong(member: string, expected: string, value: unknown): TypeError {
  return new TypeError(`authorize: expected ${member} to be ${expected}, got ${describeValue(value)}.`);
}
