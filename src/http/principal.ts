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
  const principal = Object(answer) as Partial<Principal>;
  const problem = findPrincipalProblem(principal);
  if (problem !== undefined)
    throw new TypeError(`authorize: expected ${problem.member} to be ${problem.expected}.`);
  const { id, tenant = DEFAULT_TENANT, scopes } = principal as Principal;
  return { id, tenant, scopes: new Set(scopes) };
}

/** What is wrong with a principal: the member, and what was expected of it and found instead. */
export function findPrincipalProblem({
  id,
  tenant = DEFAULT_TENANT,
  scopes,
}: Partial<Principal>): { readonly member: keyof Principal; readonly expected: string } | undefined {
  if (!isName(id)) return problem('id', NAME_EXPECTED, id);
  if (!isName(tenant)) return problem('tenant', NAME_EXPECTED, tenant);
  const expected = `a list of ${SCOPES.join(', ')}`;
  if (!Array.isArray(scopes)) return problem('scopes', expected, scopes);
  const isKnown = (scope: unknown): boolean => (SCOPES as readonly unknown[]).includes(scope);
  const unknown = scopes.findIndex((scope) => !isKnown(scope));
  return unknown === -1 ? undefined : problem('scopes', expected, scopes[unknown]);
}

function problem(
  member: keyof Principal,
  expected: string,
  value: unknown,
): { readonly member: keyof Principal; readonly expected: string } {
  return { member, expected: `${expected}, got ${describeValue(value)}` };
}
