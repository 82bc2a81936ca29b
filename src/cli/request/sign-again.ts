import type { ReceivedRequest } from './received-request.ts';
import { headerOf } from './received-request.ts';
import { createBodySigner, resolveScheme } from './sign-body.ts';
import type { SchemeSetting } from './signature-flags.ts';

/** The same request with a fresh signature, of now: receivers refuse old ones. Its id stays. */
export function createResigner(
  setting: SchemeSetting,
  secrets: readonly string[],
  now: () => number,
): (request: ReceivedRequest) => ReceivedRequest {
  const { idHeader, timestampHeader, header } = resolveScheme(setting);
  const signBody = createBodySigner(setting, secrets);
  const written = new Set([idHeader, timestampHeader, header].map((name) => name?.toLowerCase()));
  return (request) => {
    const messageId = (idHeader === undefined ? undefined : headerOf(request, idHeader)) ?? 'msg_replayed';
    const signed = signBody(request.body, { messageId, timestampSeconds: Math.floor(now() / 1000) });
    const others = request.rawHeaders.filter(([name]) => !written.has(name.toLowerCase()));
    return { ...request, rawHeaders: [...others, ...signed] };
  };
}
