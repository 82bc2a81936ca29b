import { checkAttachOptions } from './attach-options.ts';
import { type AttachContext, Attachment } from './attachment.ts';
import { kindOf } from './event-source.ts';
import { listenToNames } from './named-events.ts';
import { listenToObjects } from './event-objects.ts';

/**
 * Starts listening to one source. Whatever the functions of the host do, nothing is thrown into it.
 *
 * @returns what ends it: after it no event is taken any more, even from a source that fails to forget its listeners
 * @throws OptionsError for what is no source, and for wrong options; nothing is listened to then
 */
export function attachSource(source: unknown, options: unknown, context: AttachContext): () => void {
  const kind = kindOf(source);
  const attachment = new Attachment(source, checkAttachOptions(options), context);
  try {
    if (kind.delivers === 'named') listenToNames(kind, source, attachment);
    else listenToObjects(kind, source, attachment);
  } catch (error) {
    // Some names may be listened to already. The first error is the one that says what is wrong.
    try {
      attachment.end();
    } catch {}
    throw error;
  }
  return () => attachment.end();
}
