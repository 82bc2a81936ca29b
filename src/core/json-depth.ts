/**
 * How many objects and lists of a JSON text are in each other, at most. What walks a value by recursion, as `JSON.stringify` does, can be
 * given only so many before the call stack is full, and how many depends on who calls it from where.
 */
export function jsonDepth(json: string): number {
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (isText) {
      if (character === '\\') index += 1;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}
