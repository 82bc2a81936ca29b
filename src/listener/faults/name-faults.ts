import { answering, type Fault, NO_CONTENT } from './fault.ts';

/** Names that do not resolve, or resolve to what is refused. They need the `lookup` of the receiver. */
export const nameFaults = {
  dns_not_found: { does: 'has a name that does not exist (NXDOMAIN)', name: 'not_found' },
  dns_server_failed: { does: 'has a name server that fails (SERVFAIL)', name: 'server_failed' },
  dns_timed_out: { does: 'has a name server that does not answer the resolver in time', name: 'timed_out' },
  dns_empty: { does: 'has a name without an address', name: 'empty' },
  dns_hangs: { does: 'has a name server that never answers', name: 'silent' },
  turns_private: {
    ...answering(
      'has a name that resolves to a metadata address from the second time on',
      () => NO_CONTENT,
      'end',
    ),
    name: 'turns_private',
  },
} as const satisfies Readonly<Record<string, Fault>>;
