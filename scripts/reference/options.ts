import { DEFAULTS } from '../../src/options.ts';
import { page } from './markdown.ts';
import { renderSections } from './sections.ts';
import { Source } from './source.ts';

const path = 'src/options.ts';

/** Records that an option's function receives: described where they belong, not where they are mentioned. */
const elsewhere = /^(Json\w*|Message\w*|EndpointRecord|Delivery|Attempt\w*|Outcome\w*)$/;

export function renderOptions(): string {
  const source = new Source([path]);
  const options = source.find(path, 'DispatcherOptions');
  const sections = renderSections(source, [{ declaration: options, defaults: DEFAULTS }], {
    hasDefaults: true,
    isSkipped: ({ name }) => elsewhere.test(name),
  });
  const intro =
    'Names in `Ms` are durations in milliseconds, names in `Bytes` are sizes. ' +
    '`undefined` means the default, `0` means zero, `null` is refused.';
  return page('# Options', intro, ...sections);
}
