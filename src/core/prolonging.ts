/**
 * The draw of a wait that may be prolonged by chance, but never shortened: as evenly spread as the draw that it is made of, and 0 in its middle,
 * where delays that go both ways are exact. So whoever draws the middle alone, as a test does, gets every wait as it was asked for.
 *
 * @param draw random number in [0, 1)
 */
export function prolonging(draw: number): number {
  return Math.abs(2 * draw - 1);
}
