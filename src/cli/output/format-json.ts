/**
 * JSON with one member a line. Numbers and strings stay as they were written: parsed and written again, long numbers would be others.
 *
 * @param json a text that is JSON
 * @param maxLength of the result, about
 */
export function formatJson(json: string, maxLength: number): string {
  let text = '';
  let depth = 0;
  let before = '';
  let isString = false;
  let isEscaped = false;
  for (const character of json) {
    if (text.length > maxLength) break;
    if (isString) {
      text += character;
      if (character === '"' && !isEscaped) isString = false;
      isEscaped = character === '\\' && !isEscaped;
      continue;
    }
    if (' \t\r\n'.includes(character)) continue;
    const isBegin = before === '{' || before === '[';
    const isEnd = character === '}' || character === ']';
    if (isEnd) depth -= 1;
    // An empty object or list stays in one piece.
    if (before === ',' || isBegin !== isEnd) text += `\n${'  '.repeat(depth)}`;
    text += character === ':' ? ': ' : character;
    if (character === '{' || character === '[') depth += 1;
    isString = character === '"';
    before = character;
  }
  return text;
}
