/**
 * Globs: `*` stands for any number of characters, `?` for exactly one, everything else for itself (a backslash too).
 * A glob covers the whole text. A character is a Unicode code point, and case counts.
 *
 * Anyone who may create an endpoint may write a glob, so no glob may be slow: the text is read once, with one machine
 * word of state per 32 characters between two stars and no backtracking.
 */

/** Longest glob, in UTF-16 code units. It bounds the state, and with it the cost per character of the text. */
export const MAX_GLOB_LENGTH = 256;

const WORD_BITS = 32;

/** Stands in a piece for `?`; no code point is negative. */
const ANY_CHARACTER = -1;

/** The code points between two stars. */
type Piece = readonly number[];

/** Index after the first occurrence of a piece in `text` from `from` up to `end`, or -1. */
type Finder = (text: string, from: number, end: number) => number;

/** Prepares a glob for matching. */
export function compileGlob(glob: string): (text: string) => boolean {
  const pieces = glob.split('*').map(toPiece);
  const head = pieces[0]!;
  if (pieces.length === 1) return (text) => skipForward(head, text) === text.length;
  const tail = pieces[pieces.length - 1]!;
  const finders = pieces
    .slice(1, -1)
    .filter((piece) => piece.length > 0)
    .map(createFinder);
  return (text) => {
    let position = skipForward(head, text);
    if (position < 0) return false;
    const end = skipBackward(tail, text);
    if (end < position) return false;
    // The first occurrence that ends earliest leaves most room for the pieces that follow.
    for (const find of finders) {
      position = find(text, position, end);
      if (position < 0) return false;
    }
    return true;
  };
}

function toPiece(source: string): Piece {
  return Array.from(source, (character) => (character === '?' ? ANY_CHARACTER : character.codePointAt(0)!));
}

/** Index after `piece` at the beginning of `text`, or -1. */
function skipForward(piece: Piece, text: string): number {
  let position = 0;
  for (const wanted of piece) {
    const character = text.codePointAt(position);
    if (character === undefined || (wanted !== ANY_CHARACTER && wanted !== character)) return -1;
    position += widthOf(character);
  }
  return position;
}

/** Index at which `piece` begins at the end of `text`, or -1. */
function skipBackward(piece: Piece, text: string): number {
  let position = text.length;
  for (let index = piece.length - 1; index >= 0; index -= 1) {
    const wanted = piece[index]!;
    if (position === 0) return -1;
    const isPair = position > 1 && widthOf(text.codePointAt(position - 2)!) === 2;
    position -= isPair ? 2 : 1;
    if (wanted !== ANY_CHARACTER && wanted !== text.codePointAt(position)) return -1;
  }
  return position;
}

/**
 * The "shift-and" search of Baeza-Yates and Gonnet: bit n of the state says that the first n + 1 characters of the
 * piece end here. One step per character, `?` included, where other searches step back or cannot do `?`.
 */
function createFinder(piece: Piece): Finder {
  const words = Math.ceil(piece.length / WORD_BITS);
  const { masks, otherMask } = createMasks(piece, words);
  const lastBit = 1 << ((piece.length - 1) % WORD_BITS);
  return (text, from, end) => {
    const state = new Int32Array(words);
    for (let position = from; position < end;) {
      const character = text.codePointAt(position)!;
      position += widthOf(character);
      advance(state, masks.get(character) ?? otherMask);
      if ((state[words - 1]! & lastBit) !== 0) return position;
    }
    return -1;
  };
}

/** For each character of the piece, the places where it fits; `otherMask` is for all other characters. */
function createMasks(piece: Piece, words: number): { masks: Map<number, Int32Array>; otherMask: Int32Array } {
  const otherMask = new Int32Array(words);
  const masks = new Map<number, Int32Array>();
  piece.forEach((character, index) => {
    if (character === ANY_CHARACTER) setBit(otherMask, index);
  });
  piece.forEach((character, index) => {
    if (character === ANY_CHARACTER) return;
    const mask = masks.get(character) ?? Int32Array.from(otherMask);
    setBit(mask, index);
    masks.set(character, mask);
  });
  return { masks, otherMask };
}

function setBit(mask: Int32Array, index: number): void {
  const word = Math.floor(index / WORD_BITS);
  mask[word] = mask[word]! | (1 << (index % WORD_BITS));
}

/** Shifts by one character, a new beginning coming in at the low end, and keeps what fits `mask`. */
function advance(state: Int32Array, mask: Int32Array): void {
  let carry = 1;
  for (let word = 0; word < state.length; word += 1) {
    const bits = state[word]!;
    state[word] = ((bits << 1) | carry) & mask[word]!;
    carry = bits >>> (WORD_BITS - 1);
  }
}

/** UTF-16 code units of a code point. */
function widthOf(character: number): number {
  return character > 0xffff ? 2 : 1;
}
