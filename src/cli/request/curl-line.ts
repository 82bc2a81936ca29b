/** A command for a shell that sends a signed body. */
export function curlLine(
  url: string,
  file: string,
  headers: readonly (readonly [name: string, value: string])[],
): string {
  const given = headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  return ['curl -X POST', ...given, `--data-binary ${quote(`@${file}`)}`, quote(url)].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
