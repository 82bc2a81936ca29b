/** Parameters of operations on endpoints, with what a test does not care about filled in. */
import { laneLimitsOf } from '../../../src/core/endpoint.ts';
import type { NewHiddenEndpoint } from '../../../src/store/sql/append-results.ts';
import type { PutEndpointOperation } from '../../../src/store/sql/operations/put-endpoint.ts';
import { nextId } from './fixtures.ts';

/** A record to be stored as a new endpoint with a lane of its own. */
export function putting(
  overrides: Partial<PutEndpointOperation> & { readonly id: string },
): PutEndpointOperation {
  return {
    tenant: 'default',
    laneId: overrides.id,
    isHidden: false,
    isHeld: false,
    limits: laneLimitsOf({}),
    record: '{}',
    expectedRevision: 0,
    ...overrides,
  };
}

/** A hidden endpoint in a lane of its own. */
export function hiddenEndpoint(): NewHiddenEndpoint {
  const id = nextId('adhoc');
  return { id, tenant: 'default', laneId: `${id}_lane`, limits: laneLimitsOf({}), record: '{}' };
}
